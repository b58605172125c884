# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""What a report's page holds, for tests."""

from html.parser import HTMLParser

FIGURES = 8
"""Of a sortie; behind them stand two of any rover: tracks, and when each topic spoke."""
OF_ANY_ROVER = 2


class Page(HTMLParser):
    """Collect what a page refers to and its text."""

    def __init__(self):
        super().__init__()
        self.references = []
        self.tags = []
        self.text = ""

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.references += [value for name, value in attributes if name in ("src", "href", "xlink:href") and value]

    def handle_data(self, data):
        self.text += data


def read_page(path):
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page
