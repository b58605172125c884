# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""A real browser for tests of pages: Debian's chromium, without a window and without a network."""

import os
import shutil
import tempfile

import pytest

FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    # every name is looked up nowhere: what is not in the page cannot come
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
REQUIRED = "LUPEX_BROWSER"
"""Set by ./lupex test where it installs a browser: there its absence is a failure and no reason to skip."""
WAIT_S = 30.0


def absent(why):
    """Skip, or fail where a browser has to be."""
    if os.environ.get(REQUIRED) == "required":
        pytest.fail(f"{REQUIRED} is required: {why}")
    pytest.skip(why)


@pytest.fixture(scope="module")
def browser():
    """Start the browser once for a file of tests."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        absent("chromium and chromedriver are not installed (Debian: chromium, chromium-driver)")
    try:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service
    except ImportError:
        absent("selenium is not installed (`pip install selenium`)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory(prefix="lupex_browser_", ignore_cleanup_errors=True) as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        started = webdriver.Chrome(options=options, service=Service(driver))
        started.set_page_load_timeout(60)
        yield Browser(started)
        started.quit()


class Browser:
    """Ask a browser, and let it do what a person does."""

    def __init__(self, driver):
        self.driver = driver
        self._shown = None

    def ask(self, script, *arguments):
        return self.driver.execute_script(f"return {script}", *arguments)

    def until(self, script, *arguments):
        """Wait until a condition of the page holds."""
        from selenium.webdriver.support.ui import WebDriverWait

        WebDriverWait(self.driver, WAIT_S, poll_frequency=0.02).until(
            lambda _: self.ask(script, *arguments), f"never true: {script}"
        )

    def show(self, page, width=1440, height=1000, media="screen", scripts=True, fresh=False):
        """Show a page in a window of a size; one that is open already goes on as if it were new, unless `fresh`."""
        tell = self.driver.execute_cdp_cmd
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        tell("Emulation.setDeviceMetricsOverride", size)
        tell("Emulation.setScriptExecutionDisabled", {"value": not scripts})
        self.colours(dark=False, media=media)
        if fresh or self._shown != (page, scripts):
            self._shown = (page, scripts)
            self.driver.get_log("browser")
            self.driver.get(page.resolve().as_uri())
        if scripts:
            self.until("document.documentElement.dataset.ready === 'yes'")
            self.ask("document.getElementById('whole').click()")
            self.slide(0)

    def colours(self, dark, media="screen"):
        """Let the person like it dark, or print."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": [scheme]})

    def slide(self, seconds):
        """Move the slider under the map to a moment."""
        self.ask(
            "(() => { const slider = document.getElementById('slider'); slider.value = arguments[0];"
            " slider.dispatchEvent(new Event('input')); })()",
            seconds,
        )

    def click(self, selector):
        """Click on the first such element, where nothing that sticks lies over it."""
        element = self.driver.find_element("css selector", selector)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        element.click()

    def hover(self, selector):
        """Move the mouse over the middle of an element, which is in the window already."""
        from selenium.webdriver.common.action_chains import ActionBuilder

        x, y = self.ask(
            "(() => { const box = document.querySelector(arguments[0]).getBoundingClientRect();"
            " return [(box.left + box.right) / 2, (box.top + box.bottom) / 2]; })()",
            selector,
        )
        actions = ActionBuilder(self.driver, duration=0)
        actions.pointer_action.move_to_location(round(x), round(y))
        actions.perform()

    def point(self, selector, right, down=0.5, press=False):
        """Move the mouse to a share of the width and height of a plot's frame."""
        from selenium.webdriver.common.action_chains import ActionBuilder

        x, y = self.spot(selector, right, down)
        actions = ActionBuilder(self.driver, duration=0)
        actions.pointer_action.move_to_location(x, y)
        if press:
            actions.pointer_action.click()
        actions.perform()

    def drag(self, selector, begin, end):
        """Drag over a plot from one share of its width to another."""
        from selenium.webdriver.common.action_chains import ActionBuilder

        actions = ActionBuilder(self.driver, duration=0)
        x, y = self.spot(selector, begin, 0.5)
        actions.pointer_action.move_to_location(x, y).pointer_down()
        for share in (0.5 * (begin + end), end):
            actions.pointer_action.move_to_location(self.spot(selector, share, 0.5, stay=True)[0], y)
        actions.pointer_action.pointer_up()
        actions.perform()

    def spot(self, selector, right, down, stay=False):
        """Return the place in the window of a share of a plot's frame."""
        left, top, width, height = self.ask(
            """(() => { const element = document.querySelector(arguments[0]);
            if (!arguments[1]) element.scrollIntoView({block: 'center', behavior: 'instant'});
            const told = JSON.parse(document.getElementById('explorer-data').textContent);
            const id = told.plots.find((plot) => '#' + plot.element === arguments[0]).id;
            const model = Bokeh.documents[0].get_model_by_id(id);
            const frame = Bokeh.index.find_one(model).frame.bbox, box = element.getBoundingClientRect();
            return [box.left + frame.left, box.top + frame.top, frame.width, frame.height]; })()""",
            selector,
            stay,
        )
        return round(left + right * width), round(top + down * height)

    def errors(self):
        """Return what the browser complained of since the page was opened."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]
