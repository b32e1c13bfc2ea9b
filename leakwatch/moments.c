/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/moments.h"

#include <stddef.h>
#include <string.h>

#include "common/array.h"
#include "leakwatch/model.h"

/* Beginnings of symbols: compilers add .isra.0 and the like. */
static const struct {
	const char *symbol, *moment;
} occasions[] = {
	{ "really_probe", "probe" },
	{ "call_driver_probe", "probe" },
	{ "__device_release_driver", "remove" },
	{ "device_release_driver", "remove" },
	{ "device_unbind_cleanup", "remove" },
	{ "do_one_initcall", "load" },
	{ "do_init_module", "load" },
	{ "__x64_sys_delete_module", "unload" },
	{ "__do_sys_delete_module", "unload" },
	{ "__arm64_sys_delete_module", "unload" },
	{ "do_dentry_open", "open" },
	{ "chrdev_open", "open" },
	{ "misc_open", "open" },
	{ "blkdev_get_by_dev", "open" },
	{ "__fput", "close" },
	{ "__x64_sys_ioctl", "ioctl" },
	{ "__arm64_sys_ioctl", "ioctl" },
	{ "vfs_ioctl", "ioctl" },
	{ "vfs_read", "read" },
	{ "vfs_write", "write" },
	{ "do_sys_poll", "poll" },
	{ "do_select", "poll" },
	{ "ep_item_poll", "poll" },
	{ "mmap_region", "mmap" },
	{ "__dev_open", "up" },
	{ "__dev_close", "down" },
	{ "register_netdevice", "load" },
	{ "dev_hard_start_xmit", "transmit" },
	{ "__napi_poll", "receive" },
	{ "vfs_get_tree", "mount" },
	{ "generic_shutdown_super", "unmount" },
	{ "submit_bio", "block request" },
	{ "blk_mq_dispatch_rq_list", "block request" },
	{ "dpm_run_callback", "suspend or resume" },
	{ "device_suspend", "suspend or resume" },
	{ "device_resume", "suspend or resume" },
	{ "process_one_work", "work" },
	{ "call_timer_fn", "timer" },
	{ "__hrtimer_run_queues", "timer" },
	{ "tasklet_action", "tasklet" },
	{ "rcu_do_batch", "after a grace period" },
	{ "__handle_irq_event_percpu", "interrupt" },
	{ "irq_thread", "interrupt" },
	{ "kthread", "thread" },
};

static const char *occasion(const char *symbol)
{
	for (size_t i = 0; i < ARRAY_LENGTH(occasions); i++) {
		size_t length = strlen(occasions[i].symbol);

		if (!strncmp(symbol, occasions[i].symbol, length) &&
		    (!symbol[length] || symbol[length] == '.'))
			return occasions[i].moment;
	}
	return NULL;
}

const char *moment_of(const struct site *site)
{
	bool seen = false;

	for (size_t i = 0; i < site->frame_count; i++) {
		const struct census_frame *frame = &site->frames[i];
		const char *found;

		seen = seen || frame->module;
		if (!seen || frame->module || !frame->symbol)
			continue;
		found = occasion(frame->symbol);
		if (found)
			return found;
	}
	return "elsewhere";
}
