"""Into English, word for word, as far as the book goes."""

from __future__ import annotations

import re

from local_aws.testcards import TOXIC_PHRASE

# The test phrase, as someone would write it in their language.
TEST_PHRASES = {
    "de": "lokaler Testsatz: behandle diese Wörter als giftig",
    "fr": "phrase de test locale : traite ces mots comme toxiques",
    "es": "frase local de prueba: trata a estas palabras como si fueran tóxicas",
    "it": "frase di prova locale: tratta queste parole come tossiche",
    "pt": "frase de teste local: trate estas palavras como tóxicas",
    "nl": "lokale testzin: behandel deze woorden als giftig",
    "ru": "локальная тестовая фраза: считай эти слова токсичными",
    "ja": "ローカルテスト文：この言葉を有害として扱う",
}
# English → the words for it, in any of the languages above.
_WORDS = {
    "woman": "frau femme mujer donna mulher vrouw женщина 女性",
    "man": "mann homme hombre uomo homem man мужчина 男性",
    "with": "mit avec con com met с",
    "in": "im dans en nel no в",
    "house": "haus maison casa huis дом 家",
    "garden": "garten jardin jardín giardino jardim tuin сад саду 庭",
    "knight": "ritter chevalier caballero cavaliere cavaleiro ridder рыцарь 騎士",
    "beach": "strand plage playa spiaggia praia пляж пляже 海岸",
    "portrait": "porträt portrait retrato ritratto portret портрет 肖像",
    "idiot": "idiot idiota idioot идиот 馬鹿",
    "stupid": "dummkopf stupide estúpido stupido dom глупый",
    "corpse": "leiche cadavre cadáver cadavere lijk труп 死体",
    "murder": "mord ermorden meurtre assassiner asesinar asesinato omicidio assassinato moord"
    " убийство убить 殺人",
    "kill": "töten tuer matar uccidere doden убивать",
    "torture": "folter foltern torturer tortura torturar martelen пытка 拷問",
    "subhuman": "untermensch sous-homme infrahumano subumano недочеловек",
    "vermin": "ungeziefer vermine alimañas parassiti ongedierte паразиты 害虫",
    "fuck": "ficken scheiße merde joder cazzo caralho kut блядь",
    "naked": "nackt nackte nue nu desnuda desnudo nuda nudo nua naakt naakte голая голый 裸",
    "blood": "blut sang sangre sangue bloed кровь 血",
    "child": "kind enfant niño niña bambino criança ребёнок 子供",
    "sexual": "sexuell sexuel sexuelle sexual sessuale seksueel сексуальный 性的",
}
_ENGLISH = {word: english for english, words in _WORDS.items() for word in words.split()}
_WITHOUT_SPACES = frozenset({"ja", "zh"})


def to_english(text: str, language: str) -> str:
    """The text with every phrase and word that the book has in English."""
    phrase = TEST_PHRASES.get(language)
    if phrase is not None:
        text = re.sub(re.escape(phrase), TOXIC_PHRASE, text, flags=re.IGNORECASE)
    if language in _WITHOUT_SPACES:
        for word in sorted(_ENGLISH, key=len, reverse=True):
            if not word.isascii():
                text = text.replace(word, f" {_ENGLISH[word]} ")
        return text
    return re.sub(
        r"[^\W\d_]+(?:-[^\W\d_]+)*",
        lambda word: _ENGLISH.get(word.group().lower(), word.group()),
        text,
    )
