"""The response that backends read; only this package knows which library makes it."""

from typing import TypeAlias

from urllib3.response import BaseHTTPResponse

HTTPResponse: TypeAlias = BaseHTTPResponse
