"""What keeps templates of messages honest, and within their folders."""

from __future__ import annotations

from tests.crash.mechanisms.mechanism import Mechanism

__all__ = ["TEMPLATES"]

RENDERING = "tests/mail/rendering"
INLINE = f"{RENDERING}/test_inline.py"
LOCALES = f"{RENDERING}/test_locales.py"
STRICT = f"{RENDERING}/test_strict.py"

TEMPLATES = (
    Mechanism(
        "what a mail template misses is an error",
        "quartapp/mail/templating/templates.py",
        "undefined=Missing if strict else theirs.undefined",
        "undefined=theirs.undefined",
        f"{STRICT}::test_a_misspelt_name_is_told_with_file_and_line",
    ),
    Mechanism(
        "an async loop goes through nothing that is missing",
        "quartapp/mail/templating/missing.py",
        "    def __aiter__(self) -> NoReturn:",
        "    def __unused__(self) -> NoReturn:",
        f"{STRICT}::test_a_misspelt_name_is_told_with_file_and_line",
    ),
    Mechanism(
        "Jinja's filters and tests make nothing of what is missing",
        "quartapp/mail/templating/templates.py",
        "            refuse_what_is_missing(ours)",
        "            pass",
        f"{STRICT}::test_no_filter_and_no_test_makes_nothing_of_what_is_missing",
    ),
    Mechanism(
        "mail templates follow what the host sets later",
        "quartapp/mail/templating/templates.py",
        "if strict not in self._ours or not self._ours[strict].is_of(theirs):",
        "if strict not in self._ours:",
        f"{STRICT}::test_what_the_host_sets_later_counts",
    ),
    Mechanism(
        "a picture's name stays among the templates",
        "quartapp/mail/templating/files.py",
        'and not name.startswith("/"):',
        ":",
        f"{INLINE}::test_what_is_not_among_the_templates_is_refused",
    ),
    Mechanism(
        "pictures are read in a thread",
        "quartapp/mail/templating/files.py",
        "await asyncio.to_thread(_read, paths, pictures.most)",
        "_read(paths, pictures.most)",
        f"{INLINE}::test_files_are_read_in_a_thread",
    ),
    Mechanism(
        "a layout finds what is beside itself",
        "quartapp/mail/templating/files.py",
        'if template := frame.f_globals.get("__jinja_template__"):',
        "if template := None:",
        f"{INLINE}::test_a_layout_shows_what_is_beside_itself",
    ),
    Mechanism(
        "a locale is a language tag and no path",
        "quartapp/mail/rendering/locales.py",
        "if not is_tag(text):",
        "if False:",
        f"{LOCALES}::test_a_locale_from_outside_leads_nowhere",
    ),
    Mechanism(
        "a subject from a template is one line",
        "quartapp/mail/rendering/compose.py",
        'BLANKS.sub(" ", text)',
        "text",
        f"{LOCALES}::test_a_subject_comes_from_the_caller_or_else_from_the_templates",
    ),
    Mechanism(
        "elements that are nested too deep do not reach the library",
        "quartapp/mail/rendering/css.py",
        "if _depth(html) > DEEPEST:",
        "if False:",
        f"{RENDERING}/test_css.py::test_elements_that_are_nested_too_deep_do_not_end_the_process",
    ),
    Mechanism(
        "no stylesheet is fetched",
        "quartapp/mail/rendering/css.py",
        '    "load_remote_stylesheets": False,\n    "keep_link_tags": True,\n',
        "",
        f"{RENDERING}/test_css.py::test_nothing_is_fetched",
    ),
    Mechanism(
        "the number of a character that is too long is not read",
        "quartapp/mail/tags.py",
        'unescape(LONG_NUMBER.sub("\\N{REPLACEMENT CHARACTER}", written))',
        "unescape(written)",
        f"{RENDERING}/test_text.py::test_html_is_told_as_text",
    ),
)
