"""Mail templates: a Jinja environment of their own kind, and what they may ask for."""

from quartapp.mail.templating.files import PICTURES, Pictures
from quartapp.mail.templating.templates import RenderedTemplate, Templates, place_of, rendered

__all__ = ["PICTURES", "Pictures", "RenderedTemplate", "Templates", "place_of", "rendered"]
