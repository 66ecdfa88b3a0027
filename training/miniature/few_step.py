"""A LoRA that draws in a few steps what the UNet draws in many: latent consistency distillation.

LCM-LoRA (Luo et al. 2023, arXiv:2311.05556): the frozen UNet leaps a little way under guidance, and
the student, the UNet with the LoRA, learns to say the same from both ends of the leap. Guidance is
thereby part of what is learned, and left out later, which saves half of each step. As LoRA it goes
together with a subject's.
"""

import copy
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, LCMScheduler, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from numpy.typing import NDArray
from peft import LoraConfig
from safetensors.torch import save_file
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from contract.adapter import UNET_PREFIX
from contract.few_step import (
    FEW_STEP_FOLDER,
    TENSORS_FILE,
    FewStepTier,
    Range,
    write_config,
)
from training.miniature.consistency import Consistency, Point, pseudo_huber
from training.miniature.fit import channels_last
from training.miniature.text import told

RANK = 16
LEAPS = 20
"""Over 50 time steps each; the paper's are 50 over 20. What is learned near the picture reaches the
noise after at least as many updates as there are leaps, and here there are hundreds of updates."""
# Attention, feed-forward and convolutions: what changes is how each level denoises, not only what
# words do there.
TARGETS = (
    "to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2", "proj_in", "proj_out",
    "conv1", "conv2", "conv_shortcut", "time_emb_proj", "conv",
)  # fmt: skip
_NAME = "few_step"
STEPS, CFG_SCALE = Range(1, 8, 4), Range(0.0, 2.0, 1.0)
"""What the finished tier offers; at guidance 1 and below, each step is one pass of the UNet."""
_GUIDANCE = 5.0  # of the teacher; without an input for it, the student can learn but one


class FewStepStudent(nn.Module):
    """The UNet with a LoRA; its parameters and its state are the LoRA's alone."""

    def __init__(self, teacher: UNet2DConditionModel) -> None:
        super().__init__()
        unet = copy.deepcopy(teacher)
        unet.add_adapter(
            LoraConfig(r=RANK, lora_alpha=RANK, target_modules=[*TARGETS]), adapter_name=_NAME
        )
        # In a tuple, so that its frozen parameters are neither averaged nor kept in checkpoints.
        self._unet = (unet,)
        named = {n: p for n, p in unet.named_parameters() if f".{_NAME}." in n}
        self._names = [name.replace(f".{_NAME}.", ".") for name in named]
        self.lora = nn.ParameterList(named.values())

    def forward(self, point: Point, text: torch.Tensor) -> torch.Tensor:
        """The v that it predicts, in float32."""
        made: torch.Tensor = self._unet[0](point.latents, point.times, text).sample
        return made.float()

    def tensors(self) -> dict[str, torch.Tensor]:
        """The LoRA by its modules' names: `<module>.lora_A.weight`, `<module>.lora_B.weight`."""
        return {name: p.detach() for name, p in zip(self._names, self.lora, strict=True)}


class FewStepStage:
    """Distillation on cached latents under captions of their pictures; the text encoder rests."""

    def __init__(
        self,
        folder: Path,
        latents: NDArray[np.float16],
        device: str,
        batch: int = 16,
    ) -> None:
        """Teacher, text encoder, tokenizer and noise are those of an assembled folder."""
        teacher = UNet2DConditionModel.from_pretrained(folder / "unet", dtype=torch.float32)
        if torch.device(device).type == "cpu":
            # The fused kernel's backward pass in bfloat16 is the slower one on CPUs.
            teacher.set_attn_processor(AttnProcessor())
        teacher = channels_last(teacher.to(device)).requires_grad_(requires_grad=False).eval()
        self._teacher = teacher
        self.module: FewStepStudent = FewStepStudent(teacher).to(device)
        self._text = CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32).to(
            device
        )
        self._tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer")
        scheduler = DDIMScheduler.from_pretrained(folder / "scheduler")
        self._way = Consistency(
            LCMScheduler.from_config(scheduler.config, original_inference_steps=LEAPS)
        )
        self._latents, self._device, self._batch = latents, device, batch
        self._silence = self._encoded([""])

    def loss(self, step: int) -> tuple[torch.Tensor, dict[str, float]]:
        """How far the student's answers at the two ends of the teacher's leaps are apart.

        The far end is judged by the student as it is, not by a moving average of it: an average is
        late, and does not help (Song & Dhariwal 2023, arXiv:2310.14189, section 3.2).
        """
        generator = torch.Generator().manual_seed(step)
        numbers = torch.randint(0, len(self._latents), (self._batch,), generator=generator).numpy()
        numbers = np.sort(numbers)
        clean = torch.from_numpy(self._latents[numbers].astype(np.float32))
        words, _ = told(numbers.tolist(), step)
        noise = torch.randn(clean.shape, generator=generator)
        leaps = torch.randint(0, len(self._way.times), (self._batch,), generator=generator)
        begun = self._way.noised(clean, noise, self._way.times[leaps])
        point = Point(
            begun.latents.to(self._device, memory_format=torch.channels_last),
            begun.times.to(self._device),
        )
        text = self._encoded(words)
        # First the answer that is learned from: autocast keeps the weights as it first casts them,
        # and those cast without gradients would have none.
        made = self._way.answer(point, self.module(point, text))
        with torch.no_grad():
            earlier = self._way.leap(point, self._guided(point, text))
            wanted = self._way.answer(earlier, self.module(earlier, text))
        return pseudo_huber(made, wanted), {}

    def _guided(self, point: Point, text: torch.Tensor) -> torch.Tensor:
        """The teacher's v under classifier-free guidance (Ho & Salimans 2022, arXiv:2207.12598)."""
        both = self._teacher(
            torch.cat([point.latents, point.latents]),
            torch.cat([point.times, point.times]),
            torch.cat([text, self._silence.expand_as(text)]),
        ).sample.float()
        worded, silent = both.chunk(2)
        guided: torch.Tensor = silent + _GUIDANCE * (worded - silent)
        return guided

    @torch.no_grad()
    def _encoded(self, words: list[str]) -> torch.Tensor:
        ids = self._tokenizer(
            words, padding="max_length", truncation=True, return_tensors="pt"
        ).input_ids
        hidden: torch.Tensor = self._text(input_ids=ids.to(self._device)).last_hidden_state
        return hidden


def write_tier(folder: Path, base_hash: str, student: FewStepStudent) -> FewStepTier:
    """Put the student's LoRA beside the base in `folder`, in half precision."""
    inside = folder / FEW_STEP_FOLDER
    inside.mkdir(exist_ok=True)
    tensors = {UNET_PREFIX + name: t.half().cpu() for name, t in student.tensors().items()}
    save_file({n: tensor.contiguous() for n, tensor in tensors.items()}, inside / TENSORS_FILE)
    return write_config(inside, base_hash, RANK, LEAPS, STEPS, CFG_SCALE)
