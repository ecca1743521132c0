"""/docs: Swagger UI over the app's own OpenAPI document, with nothing from another host and nothing inline."""

from html import escape
from pathlib import Path

import fastapi_standalone_docs  # type: ignore[import-untyped]  # it ships no types
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

from tinbao_web.static import CachedFiles

# Only the files are used: the package's own page carries an inline script, which the policy forbids.
SWAGGER = Path(fastapi_standalone_docs.__file__).parent / "static" / "swagger"
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="/static/mark.svg" type="image/svg+xml">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<main id="swagger-ui" data-openapi="{openapi}"></main>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/static/docs.js"></script>
</body>
</html>
"""


def mount_docs(app: FastAPI) -> None:
    """Add /docs to an app made with `docs_url=None, redoc_url=None` that also has `mount_static`."""
    page = PAGE.format(title=escape(app.title), openapi=escape(app.openapi_url or ""))
    app.mount("/docs/assets", CachedFiles(directory=SWAGGER), name="docs-assets")

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(page)
