"""A headless Chromium over its DevTools pipe: real clicks and keys, and what the page says then.

The protocol is JSON between NUL bytes on file descriptors 3 and 4, so no driver is needed
(https://chromedevtools.github.io/devtools-protocol/).
"""

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
from base64 import b64decode
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe"),
]


def found() -> str | None:
    """The path of a Chromium, if there is one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Chromium:
    """One tab. `requests` are the addresses that pages asked for, `problems` what they complained
    of: exceptions, and messages of the console."""

    def __init__(self, program: str) -> None:
        self.requests: list[str] = []
        self.problems: list[str] = []
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        theirs_in, self._out = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in os.pipe())
        ours_in, theirs_out = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in os.pipe())

        def place() -> None:
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        self._process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={self._profile.name}", "about:blank"],
            pass_fds=(3, 4),
            preexec_fn=place,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._in = os.fdopen(ours_in, "rb")
        self._number = 0
        self._session: str | None = None
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        attached = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._call(f"{domain}.enable")

    def __enter__(self) -> "Chromium":
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()
        self._in.close()
        os.close(self._out)
        self._profile.cleanup()

    def open(self, page: Path, fragment: str = "") -> None:
        """Loads a file and waits until it is drawn."""
        self._call("Page.navigate", url="about:blank")
        self.requests.clear()
        self.problems.clear()
        self._call("Page.navigate", url=page.resolve().as_uri() + fragment)
        while (
            self.js("document.readyState") != "complete"
            or self.js("location.href") == "about:blank"
        ):
            pass
        self.settle()

    def settle(self) -> None:
        """Waits for two frames, so that what was asked for is drawn."""
        self.js("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")

    def js(self, expression: str) -> Any:
        """The value of an expression in the page, awaited if it is a promise."""
        answer = self._call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"]["exception"]["description"])
        return answer["result"].get("value")

    def texts(self, selector: str) -> list[str]:
        """The text of every element that a selector finds."""
        found = json.dumps(selector)
        return list(self.js(f"[...document.querySelectorAll({found})].map(e => e.textContent)"))

    def hover(self, selector: str) -> None:
        """Moves the mouse to the middle of the first element found."""
        x, y = self._middle(selector)
        self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.settle()

    def click(self, selector: str) -> None:
        """Clicks where the first element found is, or what covers it."""
        x, y = self._middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        self.settle()

    def press(self, key: str, code: int, text: str = "") -> None:
        """A key, by its name and its Windows code."""
        for kind in ("keyDown", "keyUp"):
            self._call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                **({"text": text} if text and kind == "keyDown" else {}),
            )
        self.settle()

    def type(self, text: str) -> None:
        """Text into what has the focus."""
        self._call("Input.insertText", text=text)
        self.settle()

    def look(self, width: int = 1280, height: int = 900, scheme: str = "light") -> None:
        """The size of the window, and whether dark is preferred."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._call("Emulation.setEmulatedMedia", features=features)
        self.settle()

    def picture(self, path: Path, whole: bool = True) -> None:
        """A PNG of the page."""
        shot = self._call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(b64decode(shot["data"]))

    def _middle(self, selector: str) -> tuple[float, float]:
        found = json.dumps(selector)
        box = self.js(
            f"""(element => {{
                if (!element) throw new Error("nothing is " + {found});
                element.scrollIntoView({{ block: "center", inline: "center" }});
                const {{ x, y, width, height }} = element.getBoundingClientRect();
                return [x + width / 2, y + height / 2];
            }})(document.querySelector({found}))"""
        )
        return box[0], box[1]

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result
            self._note(answer)

    def _read(self) -> dict[str, Any]:
        data = bytearray()
        while (byte := self._in.read(1)) != b"\0":
            if not byte:
                raise AssertionError("Chromium has ended")
            data += byte
        message: dict[str, Any] = json.loads(data)
        return message

    def _note(self, event: dict[str, Any]) -> None:
        params = event.get("params", {})
        if event["method"] == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif event["method"] == "Runtime.exceptionThrown":
            self.problems.append(params["exceptionDetails"]["exception"]["description"])
        elif event["method"] == "Log.entryAdded":
            self.problems.append(params["entry"]["text"])
