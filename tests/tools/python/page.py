"""Looks at the page of `terrace ui` in a browser, as whoever uses it does: by mouse, by keyboard, in the dark, on a phone,
and with a thousand objects.

    page.py URL FOLDER [--chromium PATH]

Writes light.png, dark.png and phone.png into FOLDER, and one line of JSON with what was checked. What is wrong is said in
one sentence on standard error, and the exit code is 1. It needs playwright (1.65.2) and downloads no browser. The cluster
behind the page has an object at least.
"""
import argparse
import json
import pathlib
import re
import sys
from urllib.parse import parse_qs, unquote, urlsplit

from playwright.sync_api import Error, sync_playwright

WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
TILE = '.tile[role="button"]'
STATE = re.compile(r"/state(\?[^#]*)?$")
# So many objects are not drawn at once and not listed at once.
MANY = 1000
# WCAG 2.2, contrast (minimum); text of these is small.
LEAST = 4.5
READ = ["h1", ".read", ".counts li", ".row strong", ".row .stands", ".row .kind", "#details h2", "#details .badge strong",
        "#details .answer", "#details dt", "#details .dim"]
# The colour of an element's text and of what lies behind it.
COLOURS = """element => {
  const ground = (one) => {
    const colour = one ? getComputedStyle(one).backgroundColor : "rgb(255, 255, 255)";
    return /, 0\\)$/.test(colour) ? ground(one.parentElement) : colour;
  };
  return [getComputedStyle(element).color, ground(element)];
}"""
# Counts what is changed in the page from now on.
WATCH = """() => {
  window.changes = 0;
  new MutationObserver((all) => (window.changes += all.length))
    .observe(document.querySelector("main"), { subtree: true, childList: true, attributes: true, characterData: true });
}"""
FOCUSED = "() => document.activeElement.matches('.tile[role=\"button\"]') ? document.activeElement.dataset.key : null"


class Wrong(Exception):
    """What is wrong with the page, in a sentence."""


def check(holds, sentence):
    if not holds:
        raise Wrong(sentence)


class Browser:
    """Pages of one browser, with what they asked for and complained of."""

    def __init__(self, browser, url):
        self.browser, self.url, self.hosts, self.errors, self.policy = browser, url, set(), [], ""

    def open(self, scheme="light", size=WIDE, key="", listen=True, change=None):
        context = self.browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce")
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        if listen:
            page.on("console", lambda said: said.type == "error" and self.errors.append(said.text))
            page.on("pageerror", lambda error: self.errors.append(str(error)))
        if change:
            alter(page, change)
        answer = page.goto(self.url + (f"#{key}" if key else ""))
        self.policy = answer.headers.get("content-security-policy", "")
        page.wait_for_selector(TILE)
        page.wait_for_selector(".row, #none:not([hidden])")
        return page


def tiles(page):
    """Every tile names its object and how that stands, can be reached, and has a row in the list."""
    found = page.eval_on_selector_all(TILE, "all => all.map((one) => ({key: one.dataset.key, label: one.ariaLabel, "
                                            "tab: one.tabIndex, state: one.dataset.state}))")
    rows = page.eval_on_selector_all(".row", "all => all.map((one) => one.dataset.key)")
    for tile in found:
        kind, _, name = tile["key"].partition("/")
        check((tile["label"] or "").startswith(f"{kind} {name}, {tile['state']}"), f"tile {tile['key']} is called {tile['label']}")
        check(tile["tab"] == 0, f"tile {tile['key']} cannot be reached by Tab")
        check(tile["key"] in rows, f"{tile['key']} is in the picture and not in the list")
        check(page.get_by_role("button", name=tile["label"]).count() > 0, f"{tile['label']} is no button to assistive tools")
    return len(found)


def keyboard(page):
    """By keyboard alone: to a tile, into its details by Enter and by Space, back by Escape, on by an arrow."""
    for _ in range(20):
        page.keyboard.press("Tab")
        key = page.evaluate(FOCUSED)
        if key:
            break
    check(key, "Tab does not reach a tile")
    for press in ["Enter", "Space"]:
        page.keyboard.press(press)
        check(page.is_visible("#details"), f"{press} on a tile opens no details")
        check(page.evaluate("document.activeElement.tagName") == "H2", f"after {press} the details are not where one reads on")
        check(key.endswith(page.inner_text("#details h2")), f"{press} on {key} shows something else")
        page.keyboard.press("Escape")
        check(page.is_hidden("#details"), "Escape does not close the details")
        check(page.evaluate(FOCUSED) == key, "after Escape the tile has not the focus again")
    if page.locator(TILE).count() > 1:
        arrows(page)
    return page.evaluate(FOCUSED)


def arrows(page):
    here = "() => [...document.querySelectorAll('.tile')].indexOf(document.activeElement)"
    before = page.evaluate(here)
    for arrow in ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp"]:
        page.keyboard.press(arrow)
        if page.evaluate(here) not in (before, -1):
            return
    raise Wrong("no arrow key leads from a tile to another one")


def refresh(page, focused):
    """New states, with another picture and another order, take the focus from no tile and no row."""
    def other(state, _):
        state["picture"] = state["picture"].replace("</title>", " again</title>", 1)
        state["cards"].reverse()

    alter(page, other)
    answers(page)
    check("again" in page.text_content(".picture title"), "a new picture is not shown")
    check(page.evaluate(FOCUSED) == focused, "a new state takes the focus away from the tile")
    row = page.locator(".row").first
    key = row.get_attribute("data-key")
    row.focus()
    page.unroute(STATE)
    answers(page)
    check(page.evaluate("document.activeElement.dataset.key") == key, "a new state takes the focus away from the list")


def alter(page, change):
    """Has the page see another state than is answered: always all of it, as a tag would be that of what is answered."""
    def other(route):
        answer = route.fetch(headers={name: value for name, value in route.request.headers.items() if name != "if-none-match"})
        state = answer.json()
        change(state, route.request.url)
        headers = {name: value for name, value in answer.headers.items() if name not in ("etag", "content-length")}
        route.fulfill(response=answer, json=state, headers=headers)

    page.route(STATE, other)


def answers(page):
    for _ in range(2):
        with page.expect_response(lambda answer: urlsplit(answer.url).path.endswith("/state")):
            pass
    page.wait_for_timeout(200)


def click(page):
    """A click shows state, cause, resources and events, and the address keeps what is selected."""
    tile = page.locator(TILE).last
    key = tile.get_attribute("data-key")
    tile.click()
    row = page.locator(f".row[data-key={json.dumps(key, ensure_ascii=False)}]")
    stands = row.locator(".stands").inner_text()
    check(page.inner_text("#details .badge strong") == stands, f"the details of {key} do not say that it is {stands}")
    check(len(page.inner_text("#details .answer")) > 10, f"the details of {key} name no cause")
    titles = page.eval_on_selector_all("#details section", "all => all.map((one) => one.dataset.key)")
    for title in ["Cause", "Resources", "Events", "Cost a month"]:
        check(title in titles, f"the details of {key} have no {title}")
    check(page.locator(".tile.selected").count() > 0, "the selected tile is not marked")
    check(row.get_attribute("aria-expanded") == "true", "the selected object is not marked in the list")
    check(unquote(urlsplit(page.url).fragment) == key, f"the address does not keep {key}")
    name = page.inner_text("#details h2")
    page.reload()
    page.wait_for_selector("#details h2")
    check(page.inner_text("#details h2") == name, "what is selected does not survive a reload")
    return key


def number(colour):
    return [int(part) for part in re.findall(r"\d+", colour)[:3]]


def luminance(colour):
    """The relative luminance of WCAG 2.2."""
    parts = [part / 255 for part in number(colour)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(page, scheme):
    """All text can be read; gives back the least contrast and the colours of the page."""
    least = 21.0
    for place in READ:
        for element in page.query_selector_all(place)[:4]:
            ink, ground = element.evaluate(COLOURS)
            high, low = sorted([luminance(ink), luminance(ground)], reverse=True)
            ratio = (high + 0.05) / (low + 0.05)
            check(ratio >= LEAST, f"{place} has a contrast of {ratio:.2f} in {scheme}: {ink} on {ground}")
            least = min(least, ratio)
    return round(least, 2), page.eval_on_selector("h1", COLOURS)


def phone(page):
    """In one column, nothing is wider than the screen but the picture, which is scrolled in its own box."""
    wide = "() => document.documentElement.scrollWidth - window.innerWidth"
    check(page.evaluate(wide) <= 0, "on a phone the page is wider than the screen")
    lefts = page.eval_on_selector_all(".picture, .objects, .rows > li", "all => all.map((one) => one.getBoundingClientRect().left)")
    check(max(lefts) - min(lefts) < 1, "on a phone there is more than one column")
    inner, outer = page.eval_on_selector(".picture", "box => [box.scrollWidth, box.clientWidth]")
    page.locator(".row").first.click()
    check(page.eval_on_selector("#details", "one => one.clientWidth") == PHONE["width"], "on a phone the details do not fill the screen")
    check(page.evaluate(wide) <= 0, "on a phone the details are wider than the screen")
    check(page.eval_on_selector("#details", "one => one.scrollWidth <= one.clientWidth"), "on a phone the details are cut off")
    page.locator("#details [data-close]").click()
    check(page.is_hidden("#details"), "the details cannot be closed by touch")
    return inner > outer


def stale(page):
    """Without an answer it says so and keeps the picture; with one, it goes on."""
    page.route(STATE, lambda route: route.abort())
    page.wait_for_selector("#stale:not([hidden])")
    said = page.inner_text("#stale")
    check("does not answer" in said and "as of" in said, f"without an answer the page says: {said}")
    check(page.locator(TILE).count() > 0, "without an answer the picture is gone")
    page.unroute(STATE)
    page.wait_for_selector("#stale", state="hidden")


class Crowd:
    """A thousand objects out of a few: copies in namespaces of their own, all of them Ready; and what was asked."""

    def __init__(self):
        self.state, self.asked = None, {}

    def __call__(self, state, url):
        self.asked = {name: values[-1] for name, values in parse_qs(urlsplit(url).query).items()}
        self.state = self.state or self.of(state)
        own = next(card["namespace"] for card in self.state["cards"] if "namespace" in card)
        drawn = self.asked.get("namespace", self.asked.get("near", own))
        said = {"sentence": "All."} if drawn == "*" else {"namespace": drawn, "sentence": f"Namespace {drawn}."}
        state.update({**self.state, "now": state["now"], "many": True, "drawn": said})

    def of(self, state):
        own = [card for card in state["cards"] if "namespace" in card]
        for number in range(MANY // len(own)):
            for card in own:
                place, (kind, _, name) = f"copy-{number:03}", card["key"].split("/")
                ready = {"state": "Ready", "sign": "✓", "stands": "Ready", "holdsUp": 0}
                state["cards"].append({**card, **ready, "key": f"{kind}/{place}/{name}", "namespace": place, "name": f"{place}/{name}"})
        return state

    def wrong(self):
        return [card["key"] for card in self.state["cards"] if card["state"] != "Ready"]


def crowd(page, many):
    """Of a thousand objects, those that need somebody are on top, few are drawn and listed, and each is found by keyboard."""
    rows = lambda: page.eval_on_selector_all(".row", "all => all.map((one) => one.dataset.key)")
    check(rows() == many.wrong(), f"of {MANY} objects the list begins with {rows()[:3]}, and {many.wrong()[:3]} need somebody")
    check(page.inner_text("#drawn").startswith("Namespace "), "it is not said that one namespace is drawn")
    places = page.eval_on_selector_all("#objects, #picture", "all => all.map((one) => one.id)")
    check(places == ["objects", "picture"], "of many objects the list does not come before the picture")
    page.click("#more")
    check(len(rows()) >= 100, f"of many objects no more than {len(rows())} are shown when more are asked for")
    here = page.evaluate("[...document.querySelectorAll('.row')].indexOf(document.activeElement)")
    check(here == len(many.wrong()), "whoever asks for more rows does not go on at the first of them")
    page.keyboard.press("ArrowRight")
    check(page.evaluate("[...document.querySelectorAll('.row')].indexOf(document.activeElement)") == here + 1, "no arrow leads to the next row")
    page.keyboard.press("/")
    page.keyboard.type("copy-007 Tier")
    check(rows() and all("/copy-007/" in key for key in rows()), f"the filter finds {rows()[:3]}")
    page.keyboard.press("Enter")
    check("copy-007" in page.inner_text("#details h2"), "Enter in the filter does not open the first that fits")
    page.wait_for_selector("#drawn:has-text('copy-007')")
    page.keyboard.press("Escape")
    check(page.evaluate("document.activeElement.dataset.key") == rows()[0], "after Escape the row has not the focus again")
    page.reload()
    page.wait_for_selector("#drawn:has-text('copy-007')")
    check(page.input_value("#filter") == "copy-007 Tier", "what is looked for does not survive a reload")
    page.click("#clear")
    chosen(page, many, rows)


def chosen(page, many, rows):
    """A namespace and a state can be chosen, and all can be drawn."""
    page.select_option("#namespace", "copy-011")
    page.wait_for_selector("#drawn:has-text('copy-011')")
    check(many.asked["namespace"] == "copy-011", f"of the picture it is asked {many.asked}")
    check(rows() and all("/copy-011/" in key for key in rows()), f"the namespace has {rows()[:3]}")
    page.click("#clear")
    ready = page.locator('button[data-state="Ready"]')
    ready.click()
    check(ready.get_attribute("aria-pressed") == "true" and not set(rows()) & set(many.wrong()), "a state cannot be chosen")
    ready.click()
    check(rows() == many.wrong(), "a state that was chosen cannot be let go")
    page.click("#whole")
    page.wait_for_selector("#drawn:has-text('All.')")
    check(many.asked["namespace"] == "*", f"of the picture it is asked {many.asked}")
    answers(page)
    page.evaluate(WATCH)
    answers(page)
    check(page.evaluate("window.changes") == 0, "a state that says the same again changes the page")


def look(browser, folder):
    light = browser.open()
    done = {"tiles": tiles(light)}
    focused = keyboard(light)
    refresh(light, focused)
    key = click(light)
    done["contrastLight"], before = contrast(light, "light")
    light.screenshot(path=folder / "light.png")
    dark = browser.open("dark", key=key)
    dark.wait_for_selector("#details h2")
    done["contrastDark"], after = contrast(dark, "dark")
    check(before[0] != after[0] and before[1] != after[1], "dark looks as light does")
    dark.screenshot(path=folder / "dark.png")
    many = Crowd()
    crowd(browser.open(change=many), many)
    pocket = browser.open(size=PHONE, change=Crowd())
    pocket.locator('button[data-state="Ready"]').click()
    phone(pocket)
    small = browser.open(size=PHONE)
    done["pictureScrolls"] = phone(small)
    small.screenshot(path=folder / "phone.png")
    check(not browser.errors, f"the console says: {browser.errors[:1]}")
    stale(browser.open(listen=False))
    check(browser.hosts == {urlsplit(browser.url).netloc}, f"the page asks {sorted(browser.hosts)}")
    check("'unsafe" not in browser.policy and "default-src 'none'" in browser.policy, f"the policy is {browser.policy!r}")
    done["checked"] = ["tiles", "keyboard", "refresh", "details", "hash", "contrast", "dark", "phone", "crowd", "console", "stale", "hosts", "policy"]
    return done


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    flags = parser.parse_args()
    flags.folder.mkdir(parents=True, exist_ok=True)
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=flags.chromium)
            print(json.dumps(look(Browser(browser, flags.url), flags.folder)))
    except (Wrong, Error) as error:
        sys.exit(f"page: {str(error).splitlines()[0]}")


if __name__ == "__main__":
    main()
