"""The pages: an HTML shell around the browser client. Reads no rooms: the client does, over the socket."""
