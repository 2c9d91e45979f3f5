import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lit_coder.sandbox.inside.settings import LanguageSettings, ZygoteSettings

TEXTS = st.lists(st.text()).map(tuple)
LANGUAGES = st.builds(LanguageSettings, st.text(), TEXTS, TEXTS, TEXTS, st.integers())
SETTINGS = st.builds(
    ZygoteSettings,
    walls=st.booleans(),
    needs_landlock=st.booleans(),
    user_id=st.none() | st.integers(),
    read=TEXTS,
    modules=TEXTS,
    module_paths=TEXTS,
    scratch=st.text(),
    scratch_is_shared=st.booleans(),
    work_folder=st.text(),
    languages=st.lists(LANGUAGES).map(tuple),
)


@given(SETTINGS)
def test_settings_come_back_from_their_text_as_they_were(settings: ZygoteSettings) -> None:
    assert ZygoteSettings.from_json(settings.to_json()) == settings


@given(SETTINGS)
def test_the_text_can_stand_on_a_command_line(settings: ZygoteSettings) -> None:
    text = settings.to_json()
    assert text.isascii() and text.isprintable()


def test_python_comes_first_among_the_languages() -> None:
    languages = (LanguageSettings("a", (), (), (), 0), LanguageSettings("b", (), (), (), 0))
    assert ZygoteSettings(True, languages=languages).language_names == ("python", "a", "b")


def test_a_field_that_nobody_knows_is_refused() -> None:
    text = json.dumps(json.loads(ZygoteSettings(True).to_json()) | {"is_open": True})
    with pytest.raises(TypeError, match="is_open"):
        ZygoteSettings.from_json(text)
