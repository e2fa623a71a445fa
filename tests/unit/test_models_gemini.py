"""Google's models by their API: what is asked, what is kept, what is counted, and what goes wrong.

The API is a server of this machine that speaks its protocol, asked through Google's own package.
"""

import io
import json
import pickle
import shutil
import sys
import threading
import traceback
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from vbanalysis import plugins
from vbanalysis.codecs import DepthCodec
from vbanalysis.errors import BudgetError, InputError, MissingDependencyError, ModelError, StopError
from vbanalysis.evaluation import evaluate, plan_calls
from vbanalysis.models import Card, Generator, Limits, Paid, Presence, Reasoner, card, spent
from vbanalysis.models import _gemini_prices as priced
from vbanalysis.models._gemini_key import scrubbed
from vbanalysis.models._gemini_picture import nearest_aspect
from vbanalysis.models._gemini_retry import Fault, Patience, fault_of, given_up, persist
from vbanalysis.models._limits import Ledger
from vbanalysis.models.gemini import Gemini

PAINTER = "gemini-3-pro-image-preview"
WRITER = "gemini-2.5-pro"
DATA = "analytic?n=4&height=48"
SCENES = "scenes:validation?n=4"


@pytest.fixture
def gemini(gemini_server, tmp_path):
    """Make a model that asks the server, and keeps its answers in a folder of the test."""

    def make(model=PAINTER, **options):
        return Gemini(model, **{"cache": tmp_path / "cache", "backoff_s": 0.01, "attempts": 4, **options})

    return make


def photograph(height=48, width=64, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def entries(folder):
    return [json.loads(path.read_text())["about"] for path in sorted(folder.glob("??/*.json"))]


class TestAsking:
    def test_a_picture_and_a_prompt_become_a_picture(self, gemini, gemini_server):
        image = photograph()
        gemini_server.paint = lambda asked: 255 - asked.image
        model = gemini(size="2K")
        np.testing.assert_array_equal(model.sample(image, "Invert it.", seed=7), 255 - image)
        (asked,) = gemini_server.asked
        assert (asked.model, asked.prompt) == (PAINTER, "Invert it.")
        np.testing.assert_array_equal(asked.image, image)
        assert asked.config["seed"] == 7
        assert asked.config["responseModalities"] == ["IMAGE"]
        assert asked.config["imageConfig"] == {"aspectRatio": "4:3", "imageSize": "2K"}
        assert gemini_server.keys == {gemini_server.key}

    def test_words_alone_become_a_picture(self, gemini, gemini_server):
        assert gemini().sample(None, "A red ball.").shape == (32, 48, 3)
        assert gemini_server.asked[0].image is None
        assert "imageConfig" not in gemini_server.asked[0].config

    @pytest.mark.parametrize(
        ("shape", "aspect"),
        [
            ((480, 640), "4:3"),
            ((375, 1242), "21:9"),
            ((1024, 2048), "16:9"),
            ((60, 50), "4:5"),
            ((9, 9), "1:1"),
        ],
    )
    def test_the_nearest_aspect_ratio_is_asked_for(self, shape, aspect):
        assert nearest_aspect(*shape) == aspect

    def test_another_aspect_ratio_than_was_asked_for_is_taken_and_noted(self, gemini, tmp_path):
        # The server paints 3:2.
        assert gemini(aspect="3:2").sample(photograph(), "a").shape == (32, 48, 3)
        assert gemini(aspect="9:16").sample(photograph(), "a").shape == (32, 48, 3)
        assert {each["aspect"]: each["aspect_off"] for each in entries(tmp_path / "cache")} == {
            "3:2": None,
            "9:16": pytest.approx(16 / 6, abs=1e-3),
        }

    def test_several_are_asked_at_once_and_come_in_order(self, gemini, gemini_server):
        gemini_server.paint = lambda asked: asked.image
        images = [photograph(seed=k) for k in range(6)]
        for found, image in zip(gemini(batch=4).sample_many(images, ["a"] * 6), images, strict=True):
            np.testing.assert_array_equal(found, image)
        with pytest.raises(InputError, match="as many instructions and seeds as the 6 images, got 1 and 6"):
            gemini().sample_many(images, ["a"])

    def test_one_that_fails_leaves_the_others_kept(self, gemini, gemini_server):
        gemini_server.fault = lambda asked, number: "refuse" if asked.prompt == "b" else None
        images, prompts = [photograph()] * 3, ["a", "b", "c"]
        with pytest.raises(ModelError, match="IMAGE_SAFETY"):
            gemini(batch=3).sample_many(images, prompts)
        assert gemini_server.n_paid == 3
        assert len(gemini(batch=3).sample_many(images[::2], prompts[::2], seeds=[0, 2])) == 2
        assert gemini_server.n_paid == 3

    def test_it_is_what_it_says(self, gemini):
        model = gemini()
        assert isinstance(model, Generator)
        assert isinstance(model, Presence)
        assert isinstance(model, Reasoner)
        assert isinstance(model, Paid)
        assert model.describe()["name"] == f"gemini:{PAINTER}"
        assert card("gemini").offline is False

    def test_a_spec_string_makes_it(self, gemini_server, tmp_path):
        spec = f"gemini:{PAINTER}?size=2K&aspect=16:9&max_calls=200&max_cost=5&cache={tmp_path}"
        model = plugins.load("models", spec, Generator)
        assert (model.size, model.aspect) == ("2K", "16:9")

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"size": "8K"}, "size must be one of 1K, 2K, 4K, got '8K'"),
            ({"aspect": "7:5"}, "aspect must be one of auto, none, 21:9"),
            ({"attempts": 0}, "attempts must be a whole number from 1 to 100, got 0"),
            ({"batch": True}, "batch must be a whole number"),
            ({"timeout_s": 0}, "timeout_s must be a number of at least 0.001, got 0"),
            ({"backoff_s": float("nan")}, "backoff_s must be"),
            ({"price": -1}, "price must be"),
            ({"ledger": "../x"}, "ledger must be a name"),
            ({"max_calls": -1}, "max_calls must be a whole number of at least 0, got -1"),
            ({"max_cost": "5"}, "max_cost must be US dollars"),
            ({"model": "gemini-9", "max_cost": 5}, "the price of gemini-9 is not known"),
            ({"model": "../gemini"}, "model must be a name"),
            ({"retry_refused": 1}, "retry_refused must be true or false"),
            ({"endpoint": "http://user:word@host"}, "endpoint must be an address"),
            ({"endpoint": "ftp://host"}, "endpoint must be an address"),
        ],
    )
    def test_an_option_out_of_its_range_says_so(self, gemini, options, said):
        with pytest.raises(InputError, match=said):
            gemini(**options)

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            (
                {"image": np.zeros((4, 4))},
                r"image must be \(H, W, 3\) uint8 RGB, got float64 of shape \(4, 4\)",
            ),
            ({"instruction": " "}, "instruction must be"),
            ({"seed": 2**31}, "seed must be a whole number from 0"),
        ],
    )
    def test_what_cannot_be_asked_costs_nothing(self, gemini, gemini_server, given, said):
        with pytest.raises(InputError, match=said):
            gemini().sample(**{"image": photograph(), "instruction": "a", **given})
        with pytest.raises(InputError, match="paints nothing"):
            gemini(WRITER).sample(photograph(), "a")
        assert gemini_server.asked == []

    def test_without_the_package_it_names_the_command(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "google.genai", None)
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        with pytest.raises(MissingDependencyError, match=r"pip install 'vbanalysis\[gemini\]'"):
            Gemini(PAINTER)

    def test_a_card_copes_with_the_parent_of_a_package_missing(self):
        needy = Card("", "generator", (), "", needs=("no_such_parent.child", "numpy", "numpy.linalg"))
        assert needy.missing() == ("no_such_parent.child",)

    def test_its_card_asks_for_the_key(self, gemini_server, monkeypatch):
        assert card("gemini").wanting() is None
        monkeypatch.delenv("GEMINI_API_KEY")
        assert card("gemini").wanting() == "set GEMINI_API_KEY"


class TestAnswers:
    @pytest.mark.parametrize(
        ("fault", "said"),
        [
            ("refuse", "refused: the answer ended with IMAGE_SAFETY"),
            ("blocked", r"refused: the prompt is blocked \(PROHIBITED_CONTENT\)"),
            ("nothing", "refused: no candidate"),
            ("words", "answered in words alone: 'I would rather not.'"),
            ("corrupt", "sent a picture that cannot be used"),
            ("alpha", "sent a picture that cannot be used .*RGBA, not RGB"),
        ],
    )
    def test_what_cannot_be_used_is_paid_for_once(self, gemini, gemini_server, fault, said):
        gemini_server.fault = lambda asked, number: fault
        for _ in range(2):
            with pytest.raises(ModelError, match=said):
                gemini().sample(photograph(), "a")
        assert gemini_server.n_paid == 1
        gemini_server.fault = lambda asked, number: None
        with pytest.raises(ModelError, match=said):
            gemini().sample(photograph(), "a")
        assert gemini(retry_refused=True).sample(photograph(), "a").shape == (32, 48, 3)
        assert gemini().sample(photograph(), "a").shape == (32, 48, 3)
        assert gemini_server.n_paid == 2

    def test_what_is_refused_again_is_asked_again_once(self, gemini, gemini_server):
        gemini_server.fault = lambda asked, number: "refuse"
        model = gemini(retry_refused=True)
        for _ in range(3):
            with pytest.raises(ModelError, match="IMAGE_SAFETY"):
                model.sample(photograph(), "a")
        assert gemini_server.n_paid == 1

    @pytest.mark.parametrize("fault", ["two", "draft"])
    def test_the_first_picture_that_is_no_draft_counts(self, gemini, gemini_server, tmp_path, fault):
        gemini_server.paint = lambda asked: asked.image
        gemini_server.fault = lambda asked, number: fault
        np.testing.assert_array_equal(gemini().sample(photograph(), "a"), photograph())
        assert [each["pictures"] for each in entries(tmp_path / "cache")] == [{"two": 2, "draft": 1}[fault]]

    def test_a_picture_is_kept_as_it_came(self, gemini, gemini_server, tmp_path):
        gemini_server.fault = lambda asked, number: "jpeg"
        gemini().sample(photograph(), "a")
        (kept,) = (tmp_path / "cache").glob("??/*.picture")
        came = io.BytesIO()
        Image.fromarray(np.full((32, 48, 3), 128, np.uint8)).save(came, "JPEG")
        assert kept.read_bytes() == came.getvalue()


class TestSteps:
    @pytest.mark.parametrize(("said", "present"), [("yes", True), ("No.", False), ("**Yes**, one.", True)])
    def test_presence_is_the_papers_question(self, gemini, gemini_server, said, present):
        sample = plugins.load("datasets", SCENES + "&ask=referring")[0]
        gemini_server.say = lambda asked: said
        assert gemini(WRITER).present(sample) is present
        (asked,) = gemini_server.asked
        assert f'Is there an instance of "{sample.phrase}" in this image?' in asked.prompt
        assert asked.config["responseModalities"] == ["TEXT"]
        assert asked.config["temperature"] == 0
        np.testing.assert_array_equal(asked.image, sample.image)

    def test_neither_yes_nor_no_is_a_failure(self, gemini, gemini_server):
        sample = plugins.load("datasets", SCENES + "&ask=referring")[0]
        gemini_server.say = lambda asked: "Yesterday, perhaps."
        with pytest.raises(ModelError, match=r"was asked for yes or no, and said 'Yesterday, perhaps\.'"):
            gemini(WRITER).present(sample)

    def test_a_question_is_rewritten_once(self, gemini, gemini_server):
        sample = plugins.load("datasets", SCENES + "&ask=referring")[0]
        gemini_server.say = lambda asked: "the small ball"
        assert gemini(WRITER).reason(sample) == "the small ball"
        assert gemini(WRITER).reason(sample) == "the small ball"
        assert sample.phrase in gemini_server.asked[0].prompt
        assert gemini_server.n_paid == 1


class TestCache:
    def test_nothing_is_paid_for_twice(self, gemini, gemini_server):
        first = gemini().sample(photograph(), "a")
        np.testing.assert_array_equal(gemini().sample(photograph().copy(), "a"), first)
        assert gemini_server.n_paid == 1

    def test_whatever_the_answer_depends_on_is_another_question(self, gemini, gemini_server):
        gemini().sample(photograph(), "a")
        gemini().sample(photograph(), "b")
        gemini().sample(photograph(), "a", seed=1)
        gemini().sample(photograph(seed=1), "a")
        gemini().sample(photograph()[:, :40], "a")
        gemini().sample(None, "a")
        gemini(size="2K").sample(photograph(), "a")
        gemini(aspect="1:1").sample(photograph(), "a")
        gemini("gemini-2.5-flash-image").sample(photograph(), "a")
        gemini(endpoint=f"{gemini_server.url}/").sample(photograph(), "a")
        assert gemini_server.n_paid == 10

    def test_without_a_key_what_is_kept_is_at_hand(self, gemini, monkeypatch):
        first = gemini().sample(photograph(), "a")
        monkeypatch.delenv("GEMINI_API_KEY")
        np.testing.assert_array_equal(gemini().sample(photograph(), "a"), first)
        with pytest.raises(StopError, match="neither GEMINI_API_KEY nor GOOGLE_API_KEY is set"):
            gemini().sample(photograph(), "b")

    @pytest.mark.parametrize("suffix", ["json", "picture"])
    @pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone"])
    def test_a_damaged_entry_is_found_and_asked_again(self, gemini, gemini_server, tmp_path, suffix, damage):
        first = gemini().sample(photograph(), "a")
        (path,) = (tmp_path / "cache").glob(f"??/*.{suffix}")
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        if damage == "gone":
            path.unlink()
        else:
            path.write_bytes({"flip": bytes(data), "cut": bytes(data[:-9]), "empty": b""}[damage])
        if (suffix, damage) == ("json", "gone"):
            again = gemini().sample(photograph(), "a")
        else:
            with pytest.warns(RuntimeWarning, match="is damaged .*asked and paid for once more"):
                again = gemini().sample(photograph(), "a")
        np.testing.assert_array_equal(again, first)
        assert gemini_server.n_paid == 2
        gemini().sample(photograph(), "a")
        assert gemini_server.n_paid == 2

    def test_two_that_ask_the_same_pay_once(self, gemini, gemini_server, tmp_path):
        models = [gemini() for _ in range(4)]
        with gemini_server.gate:  # all ask before the first is answered
            threads = [threading.Thread(target=each.sample, args=(photograph(), "a")) for each in models]
            for thread in threads:
                thread.start()
            threads[0].join(0.3)
        for thread in threads:
            thread.join(60)
        assert gemini_server.n_paid == 1
        assert spent(tmp_path / "cache" / "calls.jsonl").calls == 1
        assert not list((tmp_path / "cache").glob("??/*.lock"))


class TestLimits:
    def test_calls_stop_before_the_limit(self, gemini, gemini_server, tmp_path):
        model = gemini(max_calls=2)
        for prompt in ("a", "b", "a"):
            model.sample(photograph(), prompt)
        with pytest.raises(BudgetError, match=r"would cross the limit max_calls=2: spent so far are 2 calls"):
            model.sample(photograph(), "c")
        with pytest.raises(BudgetError):
            gemini(max_calls=2).sample(photograph(), "c")  # the ledger outlives the object
        assert gemini_server.n_paid == 2
        gemini(max_calls=2, ledger="other").sample(photograph(), "c")
        gemini(max_calls=3).sample(photograph(), "d")
        assert gemini_server.n_paid == 4

    def test_dollars_are_those_of_the_answers_and_stop_as_well(self, gemini, gemini_server, tmp_path):
        model = gemini(max_cost=0.28)
        model.sample(photograph(), "a")
        cost = 300 * 2e-6 + 1120 * 120e-6
        ledger = tmp_path / "cache" / "calls.jsonl"
        assert spent(ledger).cost == pytest.approx(cost)
        with pytest.raises(BudgetError, match=r"at most \$0.16.* max_cost=0.28: .* 1 call, about \$0.13"):
            model.sample(photograph(), "b")
        assert gemini_server.n_paid == 1
        assert entries(tmp_path / "cache")[0]["usd"] == pytest.approx(cost)

    def test_a_price_may_be_given(self, gemini, gemini_server, tmp_path):
        model = gemini("gemini-9-image", price=2, max_cost=5)
        model.sample(photograph(), "a")
        model.sample(photograph(), "b")
        with pytest.raises(BudgetError, match=r"2 calls, about \$4.00"):
            model.sample(photograph(), "c")

    def test_calls_of_unknown_price_are_counted(self, gemini, tmp_path):
        gemini("gemini-9-image").sample(photograph(), "a")
        assert str(spent(tmp_path / "cache" / "calls.jsonl")) == "1 call of unknown price"

    def test_an_answer_that_counts_nothing_costs_what_was_expected(self, gemini, gemini_server, tmp_path):
        gemini_server.usage = False
        gemini().sample(photograph(), "a")
        price = priced.prices()[PAINTER]
        found = spent(tmp_path / "cache" / "calls.jsonl")
        assert found.cost == pytest.approx(priced.at_most(price, "a", (48, 64), "1K"))
        assert found.unknown == 0

    def test_what_is_not_billed_is_not_counted_and_what_may_be_is(self, gemini, gemini_server, tmp_path):
        gemini_server.fault = lambda asked, number: {0: 500, 1: 429, 2: "drop"}.get(number)
        gemini().sample(photograph(), "a")
        found = spent(tmp_path / "cache" / "calls.jsonl")
        assert (found.calls, found.unknown) == (2, 1)
        assert "1 of unknown outcome" in str(found)

    def test_a_ledger_that_a_kill_cut_short_goes_on(self, tmp_path):
        ledger = Ledger(Limits(tmp_path / "calls.jsonl", max_cost=1.0))
        for _ in range(3):
            ledger.settle(ledger.reserve("m", 0.2), 0.1)
        whole = (tmp_path / "calls.jsonl").read_bytes()
        for cut in (1, 10, len(whole.splitlines()[-1])):
            (tmp_path / "calls.jsonl").write_bytes(whole[:-cut])
            found = spent(tmp_path / "calls.jsonl")
            assert (found.calls, found.unknown, found.cost) == (3, 1, pytest.approx(0.4))
            ledger.release(ledger.reserve("m", 0.2))
            assert spent(tmp_path / "calls.jsonl") == found
        (tmp_path / "calls.jsonl").write_bytes(b"nonsense\n" + whole)
        with pytest.raises(StopError, match=r"line 1 of the ledger .*calls.jsonl is damaged"):
            ledger.reserve("m", 0.1)

    def test_threads_do_not_cross_a_limit_together(self, tmp_path):
        ledger, refused = Ledger(Limits(tmp_path / "calls.jsonl", max_calls=10)), []

        def spend():
            for _ in range(5):
                try:
                    ledger.settle(ledger.reserve("m", None), None)
                except BudgetError as error:
                    refused.append(error)

        threads = [threading.Thread(target=spend) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert spent(tmp_path / "calls.jsonl").calls == 10
        assert len(refused) == 20

    def test_the_error_travels_between_processes(self, tmp_path):
        with pytest.raises(BudgetError) as caught:
            Ledger(Limits(tmp_path / "calls.jsonl", max_calls=0)).reserve("m", 0.5)
        again = pickle.loads(pickle.dumps(caught.value))
        assert (str(again), again.cost) == (str(caught.value), 0.5)
        assert not (tmp_path / "calls.jsonl").exists()


class TestPatience:
    def test_waits_grow_and_a_server_that_names_its_time_is_obeyed(self):
        waits = []
        faults = [Fault("x", True, False, False, wait) for wait in (None, None, 30.0, None)]
        found = persist(lambda: faults.pop(0) if faults else "ok", Patience(9, 999, 1.0), sleep=waits.append)
        assert found == "ok"
        for wait, (low, high) in zip(waits, [(0.5, 1.5), (1, 3), (30, 30), (4, 12)], strict=True):
            assert low <= wait <= high

    def test_attempts_and_time_are_bounded(self):
        fault, now = Fault("HTTP 500: x", True, False, False), [0.0]
        found = persist(lambda: fault, Patience(3, 999, 1.0), sleep=lambda _: None)
        assert str(given_up(found, "m")) == "m gave no answer, given up after 3 attempts: HTTP 500: x"

        def sleep(seconds):
            now[0] += seconds

        persist(lambda: fault, Patience(99, 100.0, 1.0), sleep=sleep, clock=lambda: now[0])
        assert now[0] <= 100
        late = fault._replace(wait_s=3600.0, stops=True)
        found = persist(lambda: late, Patience(9, 100.0, 1.0), sleep=sleep)
        assert "after 1 attempt in 0 s: HTTP 500: x, and a wait of 3600 s is asked for" in found.what
        assert isinstance(given_up(found, "m"), StopError)

    @pytest.mark.parametrize(
        ("headers", "details", "wait"),
        [
            ({}, [], None),
            ({"retry-after": "7"}, [], 7.0),
            ({"retry-after": "Thu, 26 Nov 2026 10:00:30 GMT"}, [], 30.0),
            ({"retry-after": "Thu, 26 Nov 2026 09:00:00 GMT"}, [], 0.0),
            ({"retry-after": "soon"}, [], None),
            ({}, [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "13.5s"}], 13.5),
            (
                {"retry-after": "20"},
                [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}],
                20.0,
            ),
        ],
    )
    def test_what_the_server_asks_to_wait_is_read(self, headers, details, wait):
        error = RuntimeError("429")
        error.code, error.details = 429, {"error": {"details": details}}
        error.response = SimpleNamespace(headers=headers)
        assert fault_of(error, datetime(2026, 11, 26, 10, tzinfo=UTC)).wait_s == wait

    @pytest.mark.parametrize(
        ("fault", "asked", "kind", "said"),
        [
            ((400, {}, "bad image"), 1, ModelError, "HTTP 400: bad image"),
            ((404, {}, "no such model"), 1, StopError, "HTTP 404: no such model"),
            ((403, {}, "not yours"), 1, StopError, "HTTP 403"),
            ((400, {}, "no", [{"reason": "API_KEY_INVALID"}]), 1, StopError, "HTTP 400"),
            ((429, {"Retry-After": "9999"}), 1, StopError, "a wait of 9999 s is asked for"),
            (
                (429, {}, "no", [{"violations": [{"quotaId": "PerDayPerModel"}]}]),
                1,
                StopError,
                "quota of the day",
            ),
            (429, 4, StopError, "after 4 attempts: HTTP 429"),
            (500, 4, ModelError, "after 4 attempts: HTTP 500"),
            (503, 4, ModelError, "after 4 attempts: HTTP 503"),
            ("drop", 4, ModelError, "after 4 attempts: the connection broke"),
            ("garbage", 4, ModelError, "after 4 attempts: the answer was no answer of the API"),
            ((302, {"Location": "http://127.0.0.1:9/"}), 1, ModelError, "HTTP 302"),
        ],
    )
    def test_what_passes_is_asked_again_and_what_concerns_all_stops(
        self, gemini, gemini_server, fault, asked, kind, said
    ):
        gemini_server.fault = lambda asked, number: fault
        with pytest.raises(kind, match=said):
            gemini(patience_s=60).sample(photograph(), "a")
        assert len(gemini_server.asked) == asked

    def test_a_server_that_hangs_is_left(self, gemini, gemini_server):
        gemini_server.fault = lambda asked, number: "hang" if number == 0 else None
        assert gemini(timeout_s=2).sample(photograph(), "a").shape == (32, 48, 3)
        assert (len(gemini_server.asked), gemini_server.n_paid) == (2, 1)

    def test_without_a_connection_a_run_stops(self, gemini):
        with pytest.raises(StopError, match="no connection"):
            gemini(endpoint="http://127.0.0.1:9", attempts=2).sample(photograph(), "a")


class TestTheKey:
    def test_is_taken_out_however_it_is_written(self, gemini_server):
        key = gemini_server.key
        told = f"{key} {json.dumps(key)} http://x/?key=AIzaSy-planted%2Fkey%2Bof%3Da%26test {key!r}"
        assert scrubbed(told) == "[key] \"[key]\" http://x/?key=[key] '[key]'"

    @pytest.mark.parametrize("code", [400, 403, 429, 500])
    def test_is_in_no_error_nor_anything_that_hangs_on_it(self, gemini, gemini_server, code):
        gemini_server.fault = lambda asked, number: (code, {}, f"the key {gemini_server.key} is bad")
        kind = StopError if code in (403, 429) else ModelError
        with pytest.raises(kind, match=r"the key \[key\] is bad") as caught:
            gemini(attempts=2).sample(photograph(), "a")
        frames = caught.value.__traceback__.tb_next  # below this function, which knows the key
        trace = traceback.TracebackException(kind, caught.value, frames, capture_locals=True)
        told = "".join(trace.format())
        assert gemini_server.key not in told
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None

    def test_is_in_no_description(self, gemini, gemini_server):
        model = gemini()
        model.sample(photograph(), "a")
        assert gemini_server.key not in f"{model!r} {model.describe()} {vars(model)}"

    def test_that_a_model_repeats_is_not_kept(self, gemini, gemini_server, tmp_path):
        sample = plugins.load("datasets", SCENES + "&ask=referring")[0]
        gemini_server.say = lambda asked: f"your key is {gemini_server.key}"
        assert gemini(WRITER).reason(sample) == "your key is [key]"
        assert all(
            gemini_server.key.encode() not in path.read_bytes()
            for path in (tmp_path / "cache").rglob("*")
            if path.is_file()
        )


class TestARun:
    @pytest.fixture(autouse=True)
    def depth(self, gemini_server):
        """The server paints the right depth."""
        truth = {each.image.tobytes(): each.depth_m for each in plugins.load("datasets", DATA)}
        gemini_server.paint = lambda asked: DepthCodec().encode(truth[asked.image.tobytes()])

    @pytest.fixture
    def spec(self, tmp_path):
        return f"gemini:{PAINTER}?cache={tmp_path / 'cache'}&backoff_s=0.01"

    def test_has_the_figures_of_what_was_painted(self, gemini_server, tmp_path, spec):
        run = evaluate("depth", spec, DATA, tmp_path / "run")
        assert (run.n_samples, run.n_failed, gemini_server.n_paid) == (4, 0, 4)
        assert run.figures["delta1"].value == 1
        told = json.loads((tmp_path / "run" / "run.json").read_text())
        assert told["generator"]["name"] == f"gemini:{PAINTER}"
        assert spent(tmp_path / "run" / "calls.jsonl").calls == 4

    def test_stops_before_its_limit_and_goes_on_with_a_higher_one(self, gemini_server, tmp_path, spec):
        for limit, paid in ((2, 2), (2, 2), (3, 3)):
            with pytest.raises(BudgetError, match=f"max_calls={limit}"):
                evaluate("depth", spec, DATA, tmp_path / "run", max_calls=limit)
            assert gemini_server.n_paid == paid
        run = evaluate("depth", spec, DATA, tmp_path / "run", max_cost=1.0)
        assert (run.n_samples, run.n_failed, gemini_server.n_paid) == (4, 0, 4)

    def test_in_a_process_of_its_own_stops_as_well(self, gemini_server, tmp_path, spec):
        with pytest.raises(StopError, match="max_calls=1"):
            evaluate("depth", spec, DATA, tmp_path / "run", max_calls=1, timeout_s=120)
        assert gemini_server.n_paid == 1

    def test_a_refusal_is_a_record_and_is_tried_again_when_told_to(self, gemini_server, tmp_path, spec):
        gemini_server.fault = lambda asked, number: (
            "refuse" if asked.config["seed"] == 1 and not number else None
        )
        rows = evaluate("depth", spec, DATA, tmp_path / "run").records()
        assert list(rows.status) == ["ok", "failed", "ok", "ok"]
        assert rows.reason[1].startswith(f"ModelError: {PAINTER} refused: the answer ended with IMAGE_SAFETY")
        assert gemini_server.n_paid == 4
        assert evaluate("depth", spec, DATA, tmp_path / "run", retry_failed=True).n_failed == 0
        assert gemini_server.n_paid == 5

    def test_a_batch_pays_once_for_each(self, gemini_server, tmp_path, spec):
        gemini_server.fault = lambda asked, number: "words" if asked.config["seed"] == 2 else None
        run = evaluate("depth", f"{spec}&batch=4", DATA, tmp_path / "run")
        assert (run.n_failed, gemini_server.n_paid) == (1, 4)

    def test_a_picture_that_the_run_has_is_not_asked_for_with_its_batch(self, gemini_server, tmp_path, spec):
        evaluate("depth", f"{spec}&batch=4", DATA, tmp_path / "run", limit=2)
        shutil.rmtree(tmp_path / "cache")
        assert evaluate("depth", f"{spec}&batch=4", DATA, tmp_path / "run").n_failed == 0
        assert gemini_server.n_paid == 4

    def test_a_model_that_costs_nothing_has_no_limit(self, tmp_path):
        for limits in ({"max_calls": 3}, {"max_cost": 1.5}):
            with pytest.raises(InputError, match="'oracle' costs nothing: leave them out"):
                evaluate("depth", "oracle", DATA, tmp_path / "run", **limits)

    def test_is_planned_without_a_call(self, gemini_server, tmp_path, spec, monkeypatch):
        key = monkeypatch.delenv("GEMINI_API_KEY")
        plan = plan_calls("depth", spec, DATA, tmp_path / "run")
        assert (plan.samples, plan.of, plan.model, plan.presence, plan.unpriced) == (4, 4, 4, 0, 0)
        assert plan.cost == pytest.approx(4 * 0.161, rel=0.02)
        assert list(tmp_path.iterdir()) == []
        monkeypatch.setenv("GEMINI_API_KEY", gemini_server.key)
        evaluate("depth", spec, DATA, tmp_path / "run", limit=1)
        evaluate("depth", spec, DATA, tmp_path / "elsewhere", limit=2)  # keeps the second answer
        plan = plan_calls("depth", spec, DATA, tmp_path / "run")
        assert (plan.samples, plan.model, plan.spent.calls) == (3, 2, 1)
        assert plan_calls("depth", "oracle", DATA, tmp_path / "other").model == 0
        with pytest.raises(InputError, match="holds another run"):
            plan_calls("depth", f"{spec}&size=2K", DATA, tmp_path / "run")
        assert gemini_server.n_paid == 2
        assert key is None

    def test_the_command_says_what_it_costs_and_stops_in_one_line(
        self, gemini_server, tmp_path, spec, vbanalysis, refused
    ):
        words = ["evaluate", "depth", "--model", spec, "--dataset", DATA, "-o", tmp_path / "run"]
        code, out, _ = vbanalysis(*words, "--dry-run")
        assert code == 0
        assert "samples   4 of 4 without a record" in out
        assert "calls     at most 4 of the model: about $0.6" in out
        code, out, err = vbanalysis(*words, "--max-calls", "3")
        assert (code, out) == (2, "")
        assert "error: the next call" in err.splitlines()[-1]
        code, out, _ = vbanalysis(*words, "--max-calls", "4")
        assert code == 0
        assert "paid for  4 calls, about $0.54" in out
        code, out, _ = vbanalysis(*words, "--dry-run")
        assert "calls     none that would be paid for" in out
        assert gemini_server.n_paid == 4


class TestStepsOfARun:
    def test_presence_spares_what_is_absent(self, gemini_server, tmp_path):
        data = f"{SCENES}&ask=instance"
        samples = list(plugins.load("datasets", data))
        gemini_server.say = lambda asked: "no" if samples[1].phrase in asked.prompt else "yes"
        absent = [sample.phrase == samples[1].phrase for sample in samples]
        options = f"?cache={tmp_path / 'cache'}"
        steps = {"presence": f"gemini:{WRITER}{options}"}
        plan = plan_calls("instance", f"gemini:{PAINTER}{options}", data, tmp_path / "run", **steps)
        assert (plan.model, plan.presence) == (4, 4)
        run = evaluate("instance", f"gemini:{PAINTER}{options}", data, tmp_path / "run", **steps)
        assert run.n_failed == 0
        assert list(run.records().present) == [not each for each in absent]
        asked = [each.config["responseModalities"] for each in gemini_server.asked]
        assert asked.count(["IMAGE"]) == 4 - sum(absent)
        assert spent(tmp_path / "run" / "calls.jsonl").calls == gemini_server.n_paid

    def test_a_reasoner_words_what_the_model_is_told(self, gemini_server, tmp_path):
        data = f"{SCENES}&ask=referring"
        gemini_server.say = lambda asked: "the thing\non the left"
        options = f"?cache={tmp_path / 'cache'}"
        steps = {"reasoner": f"gemini:{WRITER}{options}"}
        plan = plan_calls("referring", "mini", data, tmp_path / "run", **steps)
        assert (plan.model, plan.reasoner) == (0, 4)
        rows = evaluate("referring", "mini", data, tmp_path / "run", **steps).records()
        assert set(rows.status) == {"ok"}
        assert set(rows.description) == {"the thing on the left"}
        assert all("the thing on the left" in prompt for prompt in rows.prompt)
        assert gemini_server.n_paid == 4

    def test_a_limit_holds_for_all_steps_together(self, gemini_server, tmp_path):
        data = f"{SCENES}&ask=referring"
        gemini_server.say = lambda asked: "yes" if "one word" in asked.prompt else "the ball"
        options = f"?cache={tmp_path / 'cache'}"
        steps = {"presence": f"gemini:{WRITER}{options}", "reasoner": f"gemini:{WRITER}{options}"}
        arguments = ("referring", f"gemini:{PAINTER}{options}", data, tmp_path / "run")
        with pytest.raises(BudgetError, match="max_calls=5"):
            evaluate(*arguments, **steps, max_calls=5)
        assert gemini_server.n_paid == 5
        plan = plan_calls(*arguments, **steps)
        assert (plan.samples, plan.reasoner, plan.presence, plan.model) == (3, 2, 2, 3)
        assert evaluate(*arguments, **steps, max_calls=12).n_failed == 0
        assert gemini_server.n_paid == 12
