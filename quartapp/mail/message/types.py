"""Types of files by the ends of their names: the same on every machine and Python."""

from __future__ import annotations

from mimetypes import MimeTypes
from posixpath import splitext

__all__ = ["type_of"]

# IANA's names; where there is none, the one in use.
_TABLE = """
application/epub+zip epub
application/geo+json geojson
application/gpx+xml gpx
application/gzip gz tgz
application/java-archive jar
application/json json
application/jsonl jsonl
application/mbox mbox
application/msword doc dot
application/pdf pdf
application/pem-certificate-chain pem
application/pgp-encrypted pgp gpg
application/pgp-keys asc
application/pgp-signature sig
application/pkcs12 p12 pfx
application/pkcs7-mime p7m
application/pkcs7-signature p7s
application/pkix-cert cer crt
application/postscript ps eps
application/rtf rtf
application/sql sql
application/toml toml
application/vnd.android.package-archive apk
application/vnd.apache.parquet parquet
application/vnd.apple.keynote key
application/vnd.apple.numbers numbers
application/vnd.apple.pages pages
application/vnd.apple.pkpass pkpass
application/vnd.debian.binary-package deb
application/vnd.google-earth.kml+xml kml
application/vnd.google-earth.kmz kmz
application/vnd.ms-excel xls
application/vnd.ms-excel.sheet.binary.macroEnabled.12 xlsb
application/vnd.ms-excel.sheet.macroEnabled.12 xlsm
application/vnd.ms-fontobject eot
application/vnd.ms-outlook msg
application/vnd.ms-powerpoint ppt
application/vnd.ms-powerpoint.presentation.macroEnabled.12 pptm
application/vnd.ms-visio.drawing vsdx
application/vnd.ms-word.document.macroEnabled.12 docm
application/vnd.oasis.opendocument.formula odf
application/vnd.oasis.opendocument.graphics odg
application/vnd.oasis.opendocument.presentation odp
application/vnd.oasis.opendocument.presentation-template otp
application/vnd.oasis.opendocument.spreadsheet ods
application/vnd.oasis.opendocument.spreadsheet-template ots
application/vnd.oasis.opendocument.text odt
application/vnd.oasis.opendocument.text-template ott
application/vnd.openxmlformats-officedocument.presentationml.presentation pptx
application/vnd.openxmlformats-officedocument.presentationml.slideshow ppsx
application/vnd.openxmlformats-officedocument.presentationml.template potx
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx
application/vnd.openxmlformats-officedocument.spreadsheetml.template xltx
application/vnd.openxmlformats-officedocument.wordprocessingml.document docx
application/vnd.openxmlformats-officedocument.wordprocessingml.template dotx
application/vnd.rar rar
application/vnd.sqlite3 sqlite
application/vnd.visio vsd
application/wasm wasm
application/x-7z-compressed 7z
application/x-apple-diskimage dmg
application/x-bzip2 bz2
application/x-iso9660-image iso
application/x-mobipocket-ebook mobi
application/x-ndjson ndjson
application/x-pkcs7-certificates p7b
application/x-rpm rpm
application/x-tar tar
application/x-tex tex
application/x-xz xz
application/xhtml+xml xhtml xht
application/xml xml xsl
application/yaml yaml yml
application/zip zip
application/zstd zst
audio/aac aac
audio/flac flac
audio/midi mid midi
audio/mp4 m4a
audio/mpeg mp3
audio/ogg ogg oga
audio/opus opus
audio/webm weba
audio/x-wav wav
font/collection ttc
font/otf otf
font/ttf ttf
font/woff woff
font/woff2 woff2
image/apng apng
image/avif avif
image/bmp bmp
image/gif gif
image/heic heic
image/heif heif
image/jp2 jp2
image/jpeg jpg jpeg jpe jfif
image/jxl jxl
image/png png
image/svg+xml svg
image/tiff tif tiff
image/vnd.adobe.photoshop psd
image/vnd.dwg dwg
image/vnd.dxf dxf
image/vnd.microsoft.icon ico
image/webp webp
message/rfc822 eml mht
model/gltf-binary glb
model/stl stl
text/calendar ics ifb ical
text/css css
text/csv csv
text/html html htm
text/javascript js mjs
text/markdown md markdown
text/plain txt log
text/tab-separated-values tsv
text/vcard vcf vcard
text/vtt vtt
text/x-diff diff patch
text/x-python py
text/x-rst rst
text/x-vcalendar vcs
video/3gpp 3gp
video/matroska mkv
video/mp4 mp4 m4v
video/mpeg mpeg mpg
video/ogg ogv
video/quicktime mov
video/webm webm
video/x-flv flv
video/x-ms-wmv wmv
video/x-msvideo avi
"""
TYPES = {end: kind for kind, *ends in map(str.split, _TABLE.strip().splitlines()) for end in ends}

# The standard library's own table; the system's mime.types would differ between machines.
_REST = MimeTypes()
COMPRESSED = frozenset(end.lower() for end in _REST.encodings_map)


def type_of(filename: str) -> str | None:
    """The type of a file by the end of its name, in any case; None where it has none we know."""
    end = splitext(filename.lower())[1]
    if end.removeprefix(".") in TYPES:
        return TYPES[end.removeprefix(".")]
    if end in COMPRESSED or end in _REST.suffix_map:
        return "application/octet-stream"
    return _REST.types_map[True].get(end)
