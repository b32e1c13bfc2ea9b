/* SPDX-License-Identifier: GPL-2.0-or-later */
/* shared.bin of a run folder: the channel's memory (target/channel.h), mapped. */
#pragma once

#include <stddef.h>

struct error;

/* Zeroed and really there: a full disk must show now, not as SIGBUS. */
struct error *shared_create(const char *folder, void **memory, size_t *size);
void shared_unmap(void **memory, size_t size);
