/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "leakwatch/caches.h"

#include <string.h>

/*
 * What the kernel calls the objects of its caches. Objects that live by references leak
 * by a reference that was not given back; the others are memory that was asked for.
 */
static const struct {
	const char *cache, *object;
	bool plain; /* memory that was asked for */
} caches[] = {
	{ "filp", "struct file" },
	{ "lsm_file_cache", "security blob of a struct file", true },
	{ "dentry", "struct dentry" },
	{ "inode_cache", "struct inode" },
	{ "shmem_inode_cache", "struct inode (tmpfs)" },
	{ "proc_inode_cache", "struct inode (proc)" },
	{ "sock_inode_cache", "struct socket" },
	{ "lsm_inode_cache", "security blob of a struct inode", true },
	{ "task_struct", "struct task_struct" },
	{ "signal_cache", "struct signal_struct" },
	{ "sighand_cache", "struct sighand_struct" },
	{ "files_cache", "struct files_struct" },
	{ "fs_cache", "struct fs_struct" },
	{ "mm_struct", "struct mm_struct" },
	{ "cred_jar", "struct cred" },
	{ "pid", "struct pid" },
	{ "nsproxy", "struct nsproxy" },
	{ "net_namespace", "struct net" },
	{ "uts_namespace", "struct uts_namespace" },
	{ "user_namespace", "struct user_namespace" },
	{ "pid_namespace", "struct pid_namespace" },
	{ "mnt_cache", "struct mount" },
	{ "kernfs_node_cache", "kernfs node (sysfs entry)", true },
	{ "proc_dir_entry", "struct proc_dir_entry", true },
	{ "skbuff_head_cache", "struct sk_buff", true },
	{ "skbuff_fclone_cache", "struct sk_buff", true },
	{ "bio-0", "struct bio", true },
	{ "bdev_cache", "struct block_device" },
	{ "eventpoll_epi", "struct epitem" },
};

enum { COUNT = sizeof(caches) / sizeof(caches[0]) };

const char *cache_object(const char *cache)
{
	for (size_t i = 0; cache && i < COUNT; i++)
		if (!strcmp(caches[i].cache, cache))
			return caches[i].object;
	return NULL;
}

bool cache_is_referenced(const char *cache)
{
	for (size_t i = 0; cache && i < COUNT; i++)
		if (!strcmp(caches[i].cache, cache))
			return !caches[i].plain;
	return false;
}

bool cache_ends_with_process(const char *cache)
{
	static const char *const names[] = {
		"filp",		 "task_struct",	   "signal_cache",
		"sighand_cache", "files_cache",	   "fs_cache",
		"pid",		 "nsproxy",	   "net_namespace",
		"uts_namespace", "user_namespace", "pid_namespace"
	};

	for (size_t i = 0; cache && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(names[i], cache))
			return true;
	return false;
}

const char *cache_at(size_t index)
{
	return index < COUNT ? caches[index].cache : NULL;
}
