# SPDX-FileCopyrightText: 2026 The LUPEX rover stack authors
# SPDX-License-Identifier: Apache-2.0
"""Clouds that do not lie as the ground seen before: who is wrong, the cloud's pose or the map's.

One such cloud is refused. When the next says the same, the pose has come to stay, and the map follows it: lifted and
tilted where the ground is the same ground, carried along with the rover where its pose leapt, else begun anew.
"""

from dataclasses import dataclass

import numpy as np

from lupex_traversability.carried import Stance, carry, centres, lift
from lupex_traversability.cloud_binning import BinnedCloud
from lupex_traversability.cloud_fit import CloudFit, fit_cloud, misfit
from lupex_traversability.config import MapConfig
from lupex_traversability.layers import Layers

Corner = tuple[int, int]

_LONGEST = 3
"""Clouds in a row that say different things each: the last of them is believed."""


@dataclass(frozen=True)
class Verdict:
    """Why a cloud is not to be fused, or how the map has followed it.

    `way` is the motion by which all places of before have moved, and `corner` the first cell of the layers then;
    `begun_anew`: nothing is known any more but where the rover has driven.
    """

    refusal: str = ""
    followed: str = ""
    way: tuple[Stance, Stance] | None = None
    corner: Corner = (0, 0)
    begun_anew: bool = False


class Doubt:
    """Remembers what the clouds before said that were refused."""

    def __init__(self, config: MapConfig) -> None:
        self._config = config
        self._said: CloudFit | None = None
        self._first: Stance | None = None
        self._count = 0

    def judge(self, cloud: BinnedCloud, now: Stance, layers: Layers, corner: Corner, last: Stance) -> Verdict:
        """Compare a cloud with the layers, that were right at pose `last`; where they follow, they are moved."""
        config = self._config
        driven_m = float(np.linalg.norm(now.position_m - last.position_m))
        fit = fit_cloud(cloud, layers, corner, config)
        wrong = misfit(fit, driven_m, config) if fit is not None else ""
        if fit is None or not wrong:
            self._said, self._first, self._count = None, None, 0
            return Verdict()
        said, first = self._said, self._first or now
        self._said, self._first, self._count = fit, first, self._count + 1
        if said is None or (self._count < _LONGEST and not self._same(fit, said, now)):
            return Verdict(refusal=f"{wrong}: the cloud's pose is doubted")
        self._said, self._first, self._count = None, None, 0
        if fit.agreeing >= config.fit_share:
            _lift_by(layers, fit, corner, config)
            _trust_anew(layers)
            return Verdict(followed=f"{wrong}, and the cloud before said so too: the map follows")
        return self._leap(cloud, layers, corner, (last, first))

    def _same(self, fit: CloudFit, said: CloudFit, now: Stance) -> bool:
        """Tell whether two clouds say the same of the map."""
        config = self._config
        if (fit.agreeing < config.fit_share) or (said.agreeing < config.fit_share):
            return fit.agreeing < config.fit_share and said.agreeing < config.fit_share
        x_m, y_m = float(now.position_m[0]), float(now.position_m[1])
        turned = np.hypot(fit.slope[0] - said.slope[0], fit.slope[1] - said.slope[1])
        return abs(fit.at(x_m, y_m) - said.at(x_m, y_m)) <= config.offset_max_m and turned <= config.tilt_max_rad

    def _leap(self, cloud: BinnedCloud, layers: Layers, corner: Corner, way: tuple[Stance, Stance]) -> Verdict:
        """Take the map along with a leap of the pose; what does not lie as the cloud does even then is forgotten."""
        config = self._config
        carried = carry(layers, *way, (corner, cloud.corner), config.cell_m)
        fit = fit_cloud(cloud, carried, cloud.corner, config)
        if fit is None or fit.agreeing < config.fit_share:
            layers.forget()
            text = "the ground is another than was seen before: the map begins anew"
            return Verdict(followed=text, way=way, corner=cloud.corner, begun_anew=True)
        if misfit(fit, 0.0, config):
            _lift_by(carried, fit, cloud.corner, config)
        layers.take(carried)
        _trust_anew(layers)
        return Verdict(followed="the pose leapt: the map was carried along", way=way, corner=cloud.corner)


def _lift_by(layers: Layers, fit: CloudFit, corner: Corner, config: MapConfig) -> None:
    """Raise the layers by the plane that a cloud lies above them."""
    x, y = centres(layers.source.shape[0], corner, config.cell_m)
    lift(layers, fit.offset_m + fit.slope[0] * (x - fit.middle_m[0]) + fit.slope[1] * (y - fit.middle_m[1]))


def _trust_anew(layers: Layers) -> None:
    """Let no cell be so well known that a first obstacle in it is passed over: the cloud before told of it too."""
    np.minimum(layers.hits, 1, out=layers.hits)
