# Klatch in a container: pinned, hash-checked packages, no root, data in /data. See docs/howto/docker.md.
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /klatch
COPY requirements/run.txt requirements/engines.txt ./
RUN /klatch/bin/pip install --no-cache-dir --require-hashes -r run.txt -r engines.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /klatch/bin/pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data klatch && install -d -o klatch -m 700 /data
COPY --from=build /klatch /klatch
USER klatch
ENV PATH=/klatch/bin:$PATH KLATCH_DATA=/data PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["klatch"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000", "--no-browser"]
