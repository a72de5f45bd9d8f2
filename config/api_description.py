"""The API's description for programs: the same for everybody, so it is written once a process."""

from functools import lru_cache

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request


@lru_cache(maxsize=2)
def _written(*, as_json: bool) -> bytes:
    """Return it as JSON or as YAML. Takes about half a second the first time."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]  # no type hints
    described = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    renderer = OpenApiJsonRenderer() if as_json else OpenApiYamlRenderer()
    written: bytes = renderer.render(described, renderer.media_type, {})
    return written


class Description(SpectacularAPIView):
    """Answers in YAML or JSON, as the caller accepts. Anybody may ask, so it must cost little."""

    def _get_schema_response(self, request: Request) -> HttpResponse:
        renderer = request.accepted_renderer
        charset = f"; charset={renderer.charset}" if renderer.charset else ""
        response = HttpResponse(
            _written(as_json=renderer.format == "json"),
            content_type=f"{renderer.media_type}{charset}",
        )
        name = self._get_filename(request, None)  # type: ignore[no-untyped-call]
        response.headers["Content-Disposition"] = f'inline; filename="{name}"'
        return response
