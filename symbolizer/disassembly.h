/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes around a fault, disassembled, and what the fault was in one line. */
#pragma once

struct error;
struct panic;

/*
 * Sets @panic's assembly (from its code) and reading (from instruction and registers);
 * leaves them alone where the log has no bytes. x86-64, arm64, arm32, riscv64.
 */
struct error *disassembly_read(struct panic *panic);
