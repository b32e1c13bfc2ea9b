/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On what occasion the kernel called the driver: told by the kernel's frames. */
#pragma once

struct site;

/* "probe", "open", "ioctl", "work" …; "elsewhere" when no frame tells. Never NULL. */
const char *moment_of(const struct site *site);
