"""Names the type of a response, so that only this package depends on the HTTP library."""

from typing import TypeAlias

from urllib3.response import BaseHTTPResponse

HTTPResponse: TypeAlias = BaseHTTPResponse
