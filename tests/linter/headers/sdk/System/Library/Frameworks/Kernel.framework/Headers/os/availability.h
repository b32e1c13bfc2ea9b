/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The idea of Apple's header of this name, in our words. */
#define API_AVAILABLE(since) __attribute__((availability(macos, introduced = since)))
#define API_DEPRECATED(words, since, until)                                        \
	__attribute__((availability(macos, introduced = since, deprecated = until, \
				    message = words)))
