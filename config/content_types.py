"""What a request says that its body is, in a form that the library can take."""

from django.utils.http import parse_header_parameters

READABLE = {"utf-8", "utf8", "us-ascii", "ascii"}


def readable_content_type(sent: str) -> str:
    """Return a content type without a charset that is not UTF-8, which everything is here.

    The library decodes the address by the body's charset, too, before anything of ours runs:
    the name of a codec that is none for text would end in an error that nothing answers.
    """
    try:
        kind, given = parse_header_parameters(sent)
    except (LookupError, ValueError):
        return ""
    if given.get("charset", "utf-8").lower() in READABLE:
        return sent
    boundary = given.get("boundary")
    return f'{kind}; boundary="{boundary}"' if boundary else kind
