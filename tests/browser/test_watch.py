"""What watches the pages of the other tests sees what it is there for."""

import pytest


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("<script>console.error('broken')</script>", "console: broken"),
        ("<script>nowhere.to()</script>", "script: "),
        ("<img src='http://far.invalid/a.png'>", "asked of another host: http://far.invalid/a.png"),
        ("<script>new WebSocket('ws://far.invalid/b')</script>", "asked of another host: ws://far.invalid/b"),
        ("<img src='gone.png'>", "gone.png"),
    ],
)
def test_a_watch_tells_what_goes_wrong(open_page, tmp_path, page, told):
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><title>.</title>{page}")
    opened, watch = open_page(file.as_uri())
    opened.wait_for_load_state("networkidle")
    assert any(told in problem for problem in watch.problems), watch.problems


def test_a_watch_is_silent_where_nothing_goes_wrong(open_page, tmp_path):
    file = tmp_path / "page.html"
    file.write_text("<!doctype html><title>.</title><p>Fine<script>console.warn('a word')</script>")
    opened, watch = open_page(file.as_uri())
    opened.wait_for_load_state("networkidle")
    assert watch.problems == []
