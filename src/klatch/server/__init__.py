"""The standalone product: settings, addresses, ASGI application, command line. Nobody imports it."""
