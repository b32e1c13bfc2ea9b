/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as people write and read them. */
#pragma once

#include <stdint.h>

struct error;
struct strbuf;

/* A rate of steps; 0 per_second means as fast as it goes. */
struct rate {
	double per_second;
};

/* "1000", "100k", "2M" (decimal factors). */
struct error *units_parse_count(const char *text, uint64_t *ret);

/* "90", "90s", "1h30m", "250ms", "2d": nanoseconds; a bare number means seconds. */
struct error *units_parse_duration(const char *text, uint64_t *ret);

/* "300/s", "10/m", "6/h", "0.2/s", "max". */
struct error *units_parse_rate(const char *text, struct rate *ret);

/* "4k", "512M", "1GiB": bytes, binary factors. */
struct error *units_parse_size(const char *text, uint64_t *ret);

/* 1234567 -> "1 234 567". */
void units_add_count(struct strbuf *buf, uint64_t count);

/* Nanoseconds -> "41 µs", "2.9 ms", "71 s", "3 h 12 min". */
void units_add_duration(struct strbuf *buf, uint64_t ns);

/* Bytes -> "192 B", "48.0 KiB". */
void units_add_size(struct strbuf *buf, uint64_t bytes);

/* Steps per second -> "312/s", "0.20/s", "16 600/s". */
void units_add_rate(struct strbuf *buf, double per_second);
