// SPDX-License-Identifier: GPL-2.0-or-later
// An allocation that may sleep between a spinlock's lock and unlock in one function.
// Matches are marked, nothing is changed.
@ spin @
expression lock, e;
identifier alloc = {kmalloc, kzalloc, kcalloc, kmalloc_array, kstrdup, kmemdup, vmalloc,
	vzalloc, devm_kzalloc, devm_kmalloc};
@@
(
 spin_lock(&lock)
|
 spin_lock_bh(&lock)
|
 spin_lock_irq(&lock)
|
 spin_lock_irqsave(&lock, e)
)
... when != spin_unlock(&lock)
    when != spin_unlock_bh(&lock)
    when != spin_unlock_irq(&lock)
    when != spin_unlock_irqrestore(&lock, ...)
(
*alloc(..., GFP_KERNEL)
|
*vmalloc(...)
|
*vzalloc(...)
|
*mutex_lock(...)
|
*msleep(...)
|
*usleep_range(...)
|
*copy_from_user(...)
|
*copy_to_user(...)
)
