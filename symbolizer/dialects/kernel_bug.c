/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BUG(), BUG_ON() and the checks of subsystems that print "BUG: …". */
#include <string.h>

#include "symbolizer/dialect.h"

/* "kernel BUG at fs/inode.c:123!" */
static bool begin_bug(struct event *event, const struct logline *line, const char *at)
{
	event_copy(event->file, line, at + strlen("kernel BUG at "), "!");
	return true;
}

static bool begin_usercopy(struct event *event, const struct logline *line,
			   const char *at)
{
	(void)at;
	(void)line;
	strcpy(event->what, "usercopy");
	return true;
}

static void finish(struct event *event)
{
	struct panic *p = &event->panic;

	/* BUG() within the list debugging or usercopy helpers means their caller. */
	if (strstr(event->file, "lib/list_debug.c")) {
		p->type = "MEMORY_SAFETY_BUG";
	} else if (strstr(event->file, "mm/usercopy.c")) {
		p->type = "BUG";
	}
}

static const struct pattern patterns[] = {
	{ "kernel BUG at", "BUG", PANIC_SERIOUS, BLAME_FAULT, "kernel BUG in {f}", NULL,
	  begin_bug, NULL, true },
	{ "Kernel BUG [#", "BUG", PANIC_SERIOUS, BLAME_FAULT, "kernel BUG in {f}", NULL,
	  NULL, NULL, true },
	{ "usercopy: Kernel memory", "BUG", PANIC_SERIOUS, BLAME_FAULT,
	  "BUG: bad usercopy in {f}", NULL, begin_usercopy, NULL, false },
	{ "usercopy: kernel memory", "BUG", PANIC_SERIOUS, BLAME_FAULT,
	  "BUG: bad usercopy in {f}", NULL, begin_usercopy, NULL, false },
	{ "list_add corruption", "MEMORY_SAFETY_BUG", PANIC_SERIOUS, BLAME_FAULT,
	  "BUG: corrupted list in {f}", "bad-access in {f}", NULL, NULL, false },
	{ "list_del corruption", "MEMORY_SAFETY_BUG", PANIC_SERIOUS, BLAME_FAULT,
	  "BUG: corrupted list in {f}", "bad-access in {f}", NULL, NULL, false },
	{ "BUG: Dentry", "BUG", PANIC_SERIOUS, BLAME_STACK,
	  "BUG: Dentry still in use in {f}", NULL, NULL, NULL, false },
	{ "skbuff: skb_over_panic", "BUG", PANIC_SERIOUS, BLAME_STACK,
	  "kernel BUG in {f}", NULL, NULL, NULL, false },
	{ "skbuff: skb_under_panic", "BUG", PANIC_SERIOUS, BLAME_STACK,
	  "kernel BUG in {f}", NULL, NULL, NULL, false },
	{ "unregister_netdevice: waiting for", "DoS", PANIC_SERIOUS, BLAME_NOBODY,
	  "unregister_netdevice: waiting for a device to become free", NULL, NULL, NULL,
	  false, true },
	{ "VFS: Close: file count is zero", "DoS", PANIC_SERIOUS, BLAME_NOBODY,
	  "VFS: Close: file count is zero (use-after-free)", NULL, NULL, NULL, false,
	  true },
	{ "VFS: Close: file count is 0", "DoS", PANIC_SERIOUS, BLAME_NOBODY,
	  "VFS: Close: file count is zero (use-after-free)", NULL, NULL, NULL, false,
	  true },
	{ "VFS: Busy inodes after unmount", "DoS", PANIC_SERIOUS, BLAME_NOBODY,
	  "VFS: busy inodes after unmount", NULL, NULL, NULL, false, true },
	{ "trusty: panic", "DoS", PANIC_FATAL, BLAME_NOBODY, "trusty: panic", NULL, NULL,
	  NULL, false },
	{ NULL },
};

static const struct dialect dialect_kernel_bug = {
	.name = "bug",
	.summary = "BUG(), corrupted lists, bad user copies",
	.os = "linux",
	.title_dialect = "linux",
	.patterns = patterns,
	.finish = finish,
};
REGISTER(dialect, dialect_kernel_bug);
