/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

struct error;

/*
 * The path of a program or module of bookend's for targets ("bookend-agent"): in the
 * build tree's guest folder, or below libexec when installed. Owned by the caller.
 */
struct error *target_guest_program(const char *name, char **ret);
