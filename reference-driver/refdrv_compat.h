/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the interfaces of the supported kernels differ. Every other file is written for
 * the newest kernel; nothing outside this file asks for a version.
 */
#ifndef REFDRV_COMPAT_H
#define REFDRV_COMPAT_H

#include <linux/mm.h>
#include <linux/version.h>

/* A platform driver's remove returns nothing from 6.11; until then remove_new does. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define REFDRV_REMOVE remove
#else
#define REFDRV_REMOVE remove_new
#endif

/* vm_flags may be changed only through helpers from 6.3. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_clear(struct vm_area_struct *vma, vm_flags_t flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#endif
