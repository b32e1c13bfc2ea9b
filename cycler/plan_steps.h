/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From pairs within pairs to the steps of a pass, one after another. */
#pragma once

#include <stdbool.h>

struct plan_cycle;

/*
 * Fills the cycle's steps from its pair: health probes, opening, health probes, what is
 * inside, health probes, closing, health probes. False when they are more than fit.
 */
bool plan_lay_out(struct plan_cycle *cycle);
