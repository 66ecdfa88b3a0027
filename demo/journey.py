"""The journey of one avatar, from sign-up to erasure, as a client app walks it."""

from __future__ import annotations

import base64
import io
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests
from PIL import Image

from demo import photos
from demo.client import ApiError, AvatarClient
from demo.identity import Account, UserPool
from demo.receipt import check, sentence
from demo.record import Record, expect
from demo.remaking import remake
from demo.scan import Scan, naming
from local_aws.testcards import TOXIC_PHRASE

if TYPE_CHECKING:
    from demo.backstage import Backstage
    from demo.photos import Upload

CONSENT_VERSION = "2026-11"
CONSENT = "The person in these photos agrees that avatars of them are made and kept by this app."
PROMPT = "a portrait of <subject> smiling"
VARIETY = (
    ("<subject> wearing sunglasses and a black top hat in the city", None),
    ("<subject> looking surprised in a yellow hoodie in the snow", None),
    ("<subject> laughing, wearing a green beanie, on a pink background", None),
    ("<subject> smiling in a purple turtleneck", "neon-punk"),
)
"""Prompts that ask for what no photo shows, each with a style preset or none."""
_GOOD_JPEG = 95
TRAINING_ENDS = {"succeeded", "failed", "cancelled"}
GENERATION_ENDS = {
    "succeeded", "partially_filtered", "filtered", "failed", "cancelled", "expired",
}  # fmt: skip


@dataclass
class Gallery:
    """What the contact sheet shows."""

    uploads: list[tuple[Upload, str, str]] = field(default_factory=list)
    avatars: list[tuple[Image.Image, str]] = field(default_factory=list)
    variety: list[tuple[Image.Image, str]] = field(default_factory=list)
    remade: list[tuple[Image.Image, str]] = field(default_factory=list)


def _as_jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_GOOD_JPEG)
    return out.getvalue()


@dataclass
class Journey:
    """One user's tour. `backstage` looks behind the API, where the text on screen says so."""

    client: AvatarClient
    pool: UserPool
    backstage: Backstage
    record: Record
    own_photos: list[Upload] | None = None
    gallery: Gallery = field(default_factory=Gallery)
    ids: set[str] = field(default_factory=set)
    avatar: str = ""  # the id of the first one
    released: bytes = b""  # the same, as it was downloaded

    def run(self) -> None:
        """Walk all steps; raise `DemoError`, `ApiError` or `TimeoutError` where one goes wrong."""
        self.sign_in()
        subject = self.create_subject()
        self.upload_photos(subject)
        if self.own_photos is None:
            self.refuse_set()
        self.train(subject)
        self.generate(subject)
        self.vary(subject)
        remake(self, subject)
        self.verify()
        self.refuse_prompt(subject)
        withheld = self.withhold_image(subject)
        self.review(withheld)
        self.erase(subject)

    def sign_in(self) -> None:
        """Sign up, confirm the e-mail address, sign in."""
        with self.record.step("Sign up and in") as step:
            account = Account.invent("ada")
            self.pool.sign_up(account)
            tokens = self.pool.sign_in(account)
            self.client.token = tokens["AccessToken"]
            step.result = f"a token for {tokens['ExpiresIn'] // 60} minutes"

    def create_subject(self) -> str:
        """Create the subject, with the consent of the person."""
        with self.record.step("Create a subject, with consent") as step:
            consent = {"statement": CONSENT, "version": CONSENT_VERSION, "accepted": True}
            body = {"name": "Ada", "kind": "person", "consent": consent}
            subject = self.client.post("/subjects", body)
            self.ids.add(subject["id"])
            step.result = subject["id"]
        return str(subject["id"])

    def upload_photos(self, subject: str) -> None:
        """Upload the photos, and of the drawn person also three to refuse; read the verdicts."""
        if self.own_photos is not None:
            with self.record.step("Upload your photos") as step:
                verdicts = self._upload(subject, self.own_photos)
                accepted = [v for v in verdicts if v["state"] == "accepted"]
                step.result = f"{len(accepted)} of {len(verdicts)} accepted"
            return
        good, refused = photos.portraits(), photos.refused()
        with self.record.step("Upload 12 photos, and 3 files that must be refused") as step:
            verdicts = self._upload(subject, good + refused)
            for upload, verdict in zip(good + refused, verdicts, strict=True):
                right = (verdict["state"] == "accepted") == (upload in good)
                expect(right, f"{upload.name} was misjudged")
            judged = self.client.get(f"/subjects/{subject}/photos")["set"]
            print(f"  together they score {judged['score']} of 100", flush=True)
            for advice in judged["advice"]:
                print(f"    {advice['detail']}", flush=True)
            expect(judged["score"] >= judged["minimum_score"], f"the set was misjudged: {judged}")
            summary = self.client.get(f"/subjects/{subject}")["photos"]
            expect(summary["accepted"] == 12, f"12 photos should count, not {summary['accepted']}")
            again = self._slots(subject, good[:1])
            self.client.delete(f"/subjects/{subject}/photos/{again[0]['id']}")
            step.result = "12 accepted, 3 refused with a reason; the refused freed their places"

    def refuse_set(self) -> None:
        """Ten photos that are too alike: none is paid for, and it is said what is missing."""
        with self.record.step("A set of ten photos that are too alike") as step:
            consent = {"statement": CONSENT, "version": CONSENT_VERSION, "accepted": True}
            body = {"name": "Ada at one wall", "kind": "person", "consent": consent}
            subject = str(self.client.post("/subjects", body)["id"])
            self.ids.add(subject)
            self._send(subject, photos.alike())
            judged = self.client.get(f"/subjects/{subject}/photos")["set"]
            print(f"  together they score {judged['score']} of 100", flush=True)
            for advice in judged["advice"]:
                print(f"    {advice['detail']}", flush=True)
            try:
                self.client.post(f"/subjects/{subject}/trainings")
            except ApiError as refusal:
                expect(refusal.status == 409, f"the set was refused with {refusal.status}")
                step.result = f"409 {refusal.code}: {judged['score']} of 100, with advice"
            else:
                expect(False, "a set that is too alike was trained on")
            self.client.delete(f"/subjects/{subject}")

    def _upload(self, subject: str, uploads: list[Upload]) -> list[dict[str, Any]]:
        """Send the files and wait; their verdicts, in the same order."""
        verdicts = self._send(subject, uploads)
        for upload, verdict in zip(uploads, verdicts, strict=True):
            why = f"{verdict['code']}: {verdict['reason']}" if verdict.get("code") else ""
            print(f"  {upload.name:<14} {verdict['state']:<9} {why}", flush=True)
            self.gallery.uploads.append((upload, verdict["state"], verdict.get("code") or ""))
        return verdicts

    def _send(self, subject: str, uploads: list[Upload]) -> list[dict[str, Any]]:
        slots = self._slots(subject, uploads)
        for slot, upload in zip(slots, uploads, strict=True):
            self.client.upload(slot, upload.content).raise_for_status()
        found = self._verdicts(subject, [slot["id"] for slot in slots])
        self.ids.update(found)
        return [found[slot["id"]] for slot in slots]

    def _slots(self, subject: str, uploads: list[Upload]) -> list[dict[str, Any]]:
        wanted = [{"content_type": u.content_type, "size_bytes": len(u.content)} for u in uploads]
        answer = self.client.post(f"/subjects/{subject}/photos", {"photos": wanted})
        slots: list[dict[str, Any]] = answer["photos"]
        return slots

    def _verdicts(self, subject: str, wanted: list[str]) -> dict[str, dict[str, Any]]:
        end = time.monotonic() + 120
        while True:
            found = {p["id"]: p for p in self.client.items(f"/subjects/{subject}/photos")}
            mine = {one: found[one] for one in wanted}
            if all(photo["state"] in {"accepted", "rejected"} for photo in mine.values()):
                return mine
            expect(time.monotonic() < end, "photos were still being checked after 120 s")
            time.sleep(0.5)

    def train(self, subject: str) -> None:
        """Train the subject's adapter, with progress."""
        with self.record.step("Train: a SageMaker job learns the subject") as timed:
            training = self.client.post(f"/subjects/{subject}/trainings")
            self.ids.add(training["id"])
            shown: tuple[str, str, int] | None = None

            def show(reading: dict[str, Any]) -> None:
                nonlocal shown
                progress = reading.get("progress") or {}
                phase, step = progress.get("phase") or "", progress.get("step") or 0
                if (seen := (reading["state"], phase, step // 25)) == shown:
                    return
                shown = seen
                line = f"  {reading['state']:<10} {phase:<11}"
                if step:
                    line += f" step {step:>4}/{progress['max_steps']}"
                if progress.get("loss") is not None:
                    line += f"  loss {progress['loss']:.4f}"
                print(line, flush=True)

            ended = self.client.wait(
                f"/trainings/{training['id']}",
                lambda t: t["state"] in TRAINING_ENDS,
                seconds=600,
                seen=show,
                every=1,
            )
            expect(ended["state"] == "succeeded", f"the training {ended['state']}: {ended}")
            state = self.client.get(f"/subjects/{subject}")["state"]
            expect(state == "ready", f"the subject should be ready, not {state}")
            timed.result = f"adapter published ({training['id']})"

    def generate(self, subject: str) -> None:
        """Four avatars from an endpoint that sleeps."""
        with self.record.step("Idle: the endpoint scales in to zero processes") as step:
            self.backstage.wait_for_serving(False, 240)
            step.result = "serving processes: 0 (behind the API)"
        with self.record.step(
            "Generate four avatars; the first request wakes the endpoint"
        ) as step:
            ended, states = self.generated(
                subject, samples=4, seed=7, style_preset="digital-art", text=PROMPT
            )
            expect(ended["state"] == "succeeded", f"the generation ended {ended['state']}: {ended}")
            self.gallery.avatars = [
                (picture, f"seed {seed}") for picture, seed in self.pictures(ended)
            ]
            expect(len(self.gallery.avatars) == 4, "four avatars were asked for")
            self.avatar = ended["artifacts"][0]["id"]
            self.released = self._download(ended["artifacts"][0]["url"])
            step.result = " → ".join(states)

    def vary(self, subject: str) -> None:
        """The subject in clothes, places and a style that no photo showed."""
        title = f"Generate {len(VARIETY)} more: other clothes, places, moods, a style"
        with self.record.step(title) as step:
            for text, style in VARIETY:
                preset = {"style_preset": style} if style else {}
                ended, _ = self.generated(subject, text=text, samples=1, seed=21, **preset)
                expect(ended["state"] == "succeeded", f"the generation ended: {ended}")
                words = text.removeprefix("<subject> ") + (f" ({style})" if style else "")
                self.gallery.variety += [(picture, words) for picture, _ in self.pictures(ended)]
            step.result = f"{len(self.gallery.variety)} avatars"

    def verify(self) -> None:
        """An avatar is known as ours, also after it was saved again; a photo is not."""
        with self.record.step("Verify: did this picture come from here?") as step:
            own = self._verdict(self.released)
            expect(own["from_here"] == "yes", f"a released avatar: {own}")
            print(f"  as it was downloaded   {own['from_here']}, by {', '.join(own['by'])}")
            # How well a mark survives grows with a picture's size: a miniature's is small.
            again = [self._verdict(_as_jpeg(picture)) for picture, _ in self.gallery.avatars]
            known = sum(one["from_here"] == "yes" for one in again)
            print(f"  saved again as JPEG    {known} of {len(again)}, by watermark")
            expect(known, "no avatar was known after it was saved again")
            accepted = [
                one.content for one, state, _ in self.gallery.uploads if state == "accepted"
            ]
            photo = self._verdict(min(accepted, key=len))
            expect(photo["from_here"] == "no", f"a photo: {photo}")
            print(f"  a photo                {photo['from_here']}")
            step.result = f"made here at {own['when']}; a photo was not"

    def _verdict(self, image: bytes) -> dict[str, Any]:
        return self.client.post("/verify", {"image": base64.b64encode(image).decode()})

    def pictures(self, generation: dict[str, Any]) -> list[tuple[Image.Image, int]]:
        """The released images with their seeds."""
        return [
            (Image.open(io.BytesIO(self._download(one["url"]))).convert("RGB"), one["seed"])
            for one in generation["artifacts"]
        ]

    def generated(self, subject: str, text: str, **fields: Any) -> tuple[dict[str, Any], list[str]]:
        """Ask for images of the subject and wait; how it ended, and the states on the way."""
        prompts = [{"text": text}]
        quality = {"steps": 20, "cfg_scale": 5}  # what suits the miniature base model
        body = {"subject_id": subject, "text_prompts": prompts, **quality, **fields}
        created = self.client.post("/generations", body)
        self.ids.add(created["id"])
        states: list[str] = []

        def show(reading: dict[str, Any]) -> None:
            if not states or states[-1] != reading["state"]:
                states.append(reading["state"])
                serving = len(self.backstage.processes("serving"))
                print(f"  {reading['state']:<18} serving processes: {serving}", flush=True)

        ended = self.client.wait(
            f"/generations/{created['id']}",
            lambda g: g["state"] in GENERATION_ENDS,
            seconds=300,
            seen=show,
        )
        self.ids.update(artifact["id"] for artifact in ended["artifacts"])
        return ended, states

    def _download(self, url: str) -> bytes:
        answer = requests.get(url, timeout=60)
        answer.raise_for_status()
        return answer.content

    def refuse_prompt(self, subject: str) -> None:
        """A prompt with the test phrase is refused before any GPU is asked."""
        with self.record.step("A prompt that is refused") as step:
            try:
                self.generated(subject, text=TOXIC_PHRASE)
            except ApiError as error:
                expect(error.code == "prompt_rejected", f"refused, but as '{error.code}'")
                step.result = str(error)
            else:
                expect(False, "the test phrase was accepted")

    def withhold_image(self, subject: str) -> str:
        """One of two generated images is withheld; the generation."""
        title = "A generated image that is withheld (the moderation double is told to object once)"
        with self.record.step(title) as step:
            self.backstage.withhold_next_image()
            ended, _ = self.generated(subject, samples=2, seed=11, text=PROMPT)
            reasons = sorted(artifact["finish_reason"] for artifact in ended["artifacts"])
            expect(reasons == ["CONTENT_FILTERED", "SUCCESS"], f"finish reasons were {reasons}")
            links = [a for a in ended["artifacts"] if a.get("url")]
            expect(len(links) == 1, "a withheld image must have no link")
            step.result = f"{ended['state']}: one released, one withheld without a link"
        return str(ended["id"])

    def review(self, generation: str) -> None:
        """A moderator finds it in the queue, sees nothing wrong, and releases it."""
        with self.record.step("A moderator looks at the withheld image, and decides") as step:
            account = Account.invent("moderator")
            self.pool.sign_up(account)
            self.backstage.make_moderator(account.email)
            token = self.pool.sign_in(account)["AccessToken"]
            moderator = AvatarClient(self.client.base_url, token)
            queue = list(moderator.items("/reviews"))
            (waiting,) = [each for each in queue if each["generation_id"] == generation]
            labels = ", ".join(f"{e['name']} {e['confidence']:.0f} %" for e in waiting["labels"])
            print(f"  open: {len(queue)}; this one for: {labels}", flush=True)
            preview = moderator.get(f"/reviews/{waiting['id']}")["preview"]
            expect(preview["kind"] == "blurred", f"the preview is {preview['kind']}")
            picture = Image.open(io.BytesIO(self._download(preview["url"])))
            print(f"  preview: blurred, {picture.width}×{picture.height}", flush=True)
            decision = {"decision": "release", "note": "Nothing is wrong with this portrait."}
            moderator.post(f"/reviews/{waiting['id']}/decision", decision)
            (entry,) = [
                each
                for each in moderator.items("/reviews/audit")
                if each["review_id"] == waiting["id"]
            ]
            told = f"{entry['before']['image']} → {entry['after']['image']}"
            print(f"  audit log: {entry['at']} {entry['action']}: {told}", flush=True)
            shown = self.client.get(f"/generations/{generation}")["artifacts"]
            expect(all(each["url"] for each in shown), "the released image has no link")
            step.result = f"{told}, audited; both images have links now"

    def erase(self, subject: str) -> None:
        """Delete the subject; then look for it in every store."""
        with self.record.step("Delete the subject, then search every store for it") as step:
            before = {k: len(v) for k, v in self.backstage.traces(self.ids).items()}
            erasure = self.client.delete(f"/subjects/{subject}")
            print(f"  all copies will be gone by {erasure['erased_by']}", flush=True)
            ended = self.client.wait(
                f"/erasures/{erasure['id']}", lambda e: e["state"] == "completed", seconds=60
            )
            left = self.backstage.traces(self.ids)
            for store, count in before.items():
                print(f"  {store:<20} {count:>3} before, {len(left[store])} after", flush=True)
            end = time.monotonic() + 60  # a running endpoint lets go with its next sweep
            while found := naming(Scan(self.backstage, frozenset(self.ids)).run()):
                expect(time.monotonic() < end, f"still there after 60 s: {found}")
                time.sleep(1)
            print(f"  {sentence(check(ended, self.backstage.receipt_key()))}", flush=True)
            try:
                self.client.get(f"/subjects/{subject}")
            except ApiError as error:
                expect(error.status == 404, f"the subject answers {error.status}")
            rows = sum(row["count"] for row in ended["removed"])
            traces = sum(before.values())
            step.result = f"{traces} traces before, none after; a signed receipt of {rows} things"
