// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/module.h>
#if defined(DEBUG) && !defined(A)
#define dbg(x...) printk("a\n" x) \
	more
#elif 0
#else
static int x = f(1, (2), g[3], "s\"t", 'c');
#endif
