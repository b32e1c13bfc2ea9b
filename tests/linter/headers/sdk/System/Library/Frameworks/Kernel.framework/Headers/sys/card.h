/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once
#include <os/availability.h>
#include <sys/cdefs.h>

#ifdef __cplusplus
extern "C" {
#endif
int card_open(const char *name) __kpi_deprecated("use card_open_by_id()");
int card_open_by_id(int id);
int card_count(void) API_DEPRECATED("count them yourself", 10.4, 10.15);
int card_speed(void) API_AVAILABLE(10.9);
extern int card_table __deprecated;
#ifdef __cplusplus
}
#endif
