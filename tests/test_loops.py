"""The page *In your own loop*: every block runs, in order, with the real library."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest
from blocks import BLOCK, outputs, printed, sections

INTRODUCTION, SECTIONS = sections("in-your-own-loop.md", "loop")
#: What a section says that it was run with: its words, and the distribution.
VERSIONS = {
    "torch": ("PyTorch", "torch"), "lightning": ("PyTorch Lightning", "pytorch-lightning"),
    "accelerate": ("Accelerate", "accelerate"), "trainer": ("Transformers", "transformers"),
    "keras": ("Keras", "keras"), "optax": ("optax", "optax"), "flax": ("Flax", "flax"),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("section", SECTIONS)
def test_every_block_of_a_section_prints_what_stands_below_it(section: str, tmp_path: Path):
    found = outputs(INTRODUCTION, SECTIONS[section], tmp_path)
    assert len(found) >= 3
    assert any("True" in expected for expected, _ in found)
    for expected, came in found:
        assert came == expected


def test_a_section_names_the_version_it_was_run_with():
    assert SECTIONS.keys() == VERSIONS.keys()
    for section, (name, distribution) in VERSIONS.items():
        minor = ".".join(version(distribution).split(".")[:2])
        assert re.search(rf"{name} {re.escape(minor)}[^\d]", SECTIONS[section]), section


def test_every_section_has_its_four_answers():
    for section, text in SECTIONS.items():
        for answer in ("**Log.**", "**Resume.**", "**Trap: "):
            assert answer in text, (section, answer)
        longest = max(
            len(line) for block, _ in BLOCK.findall(text) for line in block.splitlines()
        )
        assert longest <= 96


# What the page says of Accelerate on several processes: two of them, on this machine. SETTINGS
# are the page's own.
PROCESSES = """
import torch
from accelerate import Accelerator, debug_launcher
from d2lsched import LinearDecay
from d2lsched.torch import native


def run(**settings):
    accelerator = Accelerator(**settings)
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler = native(LinearDecay(1.0, 10), optimizer)
    model, optimizer, scheduler = accelerator.prepare(model, optimizer, scheduler)
    rates = []
    for _ in range(4):
        rates.append(round(scheduler.get_last_lr()[0], 6))
        accelerator.backward(model(torch.ones(1, 1)).sum())
        optimizer.step()
        scheduler.step()
    if accelerator.is_main_process:
        print(accelerator.num_processes, rates, flush=True)


def both():
    run(cpu=True)
    run(SETTINGS)


if __name__ == "__main__":
    debug_launcher(both, num_processes=2)
"""


@pytest.mark.slow
def test_on_two_processes_a_prepared_scheduler_takes_two_steps_unless_told_otherwise(tmp_path):
    (settings,) = re.findall(
        r"^accelerator = Accelerator\((.*)\)$", SECTIONS["accelerate"], re.M
    )
    code = PROCESSES.replace("SETTINGS", settings)
    assert printed(code, tmp_path).splitlines()[-2:] == [
        "2 [1.0, 0.8, 0.6, 0.4]",
        "2 [1.0, 0.9, 0.8, 0.7]",
    ]


# Below the page's first block on Lightning: a metric that never improves, and what it brings.
MONITORED = """
class Stuck(Line):
    def training_step(self, batch):
        self.log("loss", 1.0, on_epoch=True)
        return super().training_step(batch)

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        scheduler = native(ReduceOnPlateau(0.1, factor=0.5, patience=0), optimizer)
        lr_scheduler = {"scheduler": scheduler, "monitor": "loss"}
        return {"optimizer": optimizer, "lr_scheduler": lr_scheduler}


stuck = Stuck()
lightning.Trainer(max_epochs=4, enable_checkpointing=False, **quiet).fit(stuck, batches)
print(stuck.rates[::8])
"""


@pytest.mark.slow
def test_lightning_gives_a_plateau_the_metric_that_it_monitors(tmp_path):
    blocks = [*BLOCK.findall(INTRODUCTION), BLOCK.findall(SECTIONS["lightning"])[0]]
    code = "".join(block for block, _ in blocks) + MONITORED
    assert printed(code, tmp_path).splitlines()[-1] == "[0.1, 0.1, 0.05, 0.025]"


# A scheduler beside a model in parts, saved and resumed; and one beside scaled gradients.
PARTS = """
import tempfile

import torch
import torch.distributed as dist
from torch.distributed import checkpoint
from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from d2lsched import CosineDecay
from d2lsched.torch import native

SCHEDULE = CosineDecay(0.5, 8)


def made(wrap):
    torch.manual_seed(0)
    layers = torch.nn.Sequential(torch.nn.Linear(4, 4), torch.nn.Linear(4, 4))
    model = wrap(layers)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.1)
    return model, optimizer, native(SCHEDULE, optimizer)


def train(model, optimizer, scheduler, updates):
    rates = []
    for _ in range(updates):
        optimizer.zero_grad()
        model(torch.ones(2, 4)).sum().backward()
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def state_of(model, optimizer):
    return dict(zip(("model", "optimizer"), get_state_dict(model, optimizer)))


def run(rank, folder):
    dist.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=2)
    for wrap in (DistributedDataParallel, fully_shard):
        parts = made(wrap)
        rates = train(*parts, 3)
        place, state = f"{folder}/{wrap.__name__}", parts[2].state_dict()
        checkpoint.save(state_of(*parts[:2]), checkpoint_id=place)
        parts = made(wrap)
        loaded = state_of(*parts[:2])
        checkpoint.load(loaded, checkpoint_id=place)
        set_state_dict(
            *parts[:2], model_state_dict=loaded["model"], optim_state_dict=loaded["optimizer"]
        )
        parts[2].load_state_dict(state)
        rates += train(*parts, 3)
        if rank == 0:
            print(wrap.__name__, rates == [SCHEDULE(t) for t in range(6)], flush=True)
    dist.destroy_process_group()


def scaled():
    model = torch.nn.Linear(4, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    scheduler, scaler = native(SCHEDULE, optimizer), torch.amp.GradScaler("cpu")
    rates = []
    for factor in (1, float("inf"), 1, 1):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = model(torch.ones(2, 4)).sum() * factor
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        rates.append(scheduler.get_last_lr()[0])
        scale = scaler.get_scale()
        scaler.step(optimizer)
        scaler.update()
        if scaler.get_scale() >= scale:
            scheduler.step()
    print("GradScaler", rates == [SCHEDULE(t) for t in (0, 1, 1, 2)])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(run, (folder,), nprocs=2)
    scaled()
"""


@pytest.mark.slow
def test_beside_ddp_fsdp_and_a_gradient_scaler_the_rates_are_the_schedules(tmp_path):
    seen = printed(PARTS, tmp_path).splitlines()[-3:]
    assert seen == ["DistributedDataParallel True", "fully_shard True", "GradScaler True"]


@pytest.mark.slow
def test_a_block_that_prints_something_else_would_be_noticed(tmp_path, monkeypatch):
    wrong = SECTIONS["torch"].replace("epochs=2)\nprint", "epochs=1)\nprint")
    monkeypatch.setitem(SECTIONS, "torch", wrong)
    with pytest.raises(AssertionError):
        test_every_block_of_a_section_prints_what_stands_below_it("torch", tmp_path)
