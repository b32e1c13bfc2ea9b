/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * As much of the kernel's interface as the fixtures of the source rules need, in the
 * shapes that matter to a reader of the tree: macros around _printk(), statement
 * expressions, inline assembly in BUG(). Not for building anything.
 */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32, __u32, gfp_t, umode_t;
typedef unsigned long long u64, __u64;
typedef unsigned long size_t;
typedef long long loff_t;
typedef _Bool bool;

#define NULL ((void *)0)
#define false 0
#define true 1
#define __init
#define __exit
#define __user
#define __iomem
#define GFP_KERNEL  0xcc0u
#define GFP_ATOMIC  0x800u
#define EINVAL	    22
#define EIO	    5
#define ENOMEM	    12
#define EPERM	    1
#define unlikely(x) __builtin_expect(!!(x), 0)

int _printk(const char *fmt, ...);
#define KERN_SOH   "\001"
#define KERN_ERR   KERN_SOH "3"
#define KERN_INFO  KERN_SOH "6"
#define KERN_DEBUG KERN_SOH "7"
#define printk(fmt, ...)                     \
	({                                   \
		do {                         \
		} while (0);                 \
		_printk(fmt, ##__VA_ARGS__); \
	})
#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif
#define pr_err(fmt, ...)  printk(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...) printk(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#define no_printk(fmt, ...)                          \
	({                                           \
		if (0)                               \
			_printk(fmt, ##__VA_ARGS__); \
		0;                                   \
	})
#ifdef DEBUG
#define pr_debug(fmt, ...) printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#else
#define pr_debug(fmt, ...) no_printk(KERN_DEBUG pr_fmt(fmt), ##__VA_ARGS__)
#endif
struct ratelimit_state {
	int interval, burst;
};
int ___ratelimit(struct ratelimit_state *rs, const char *func);
#define pr_err_ratelimited(fmt, ...)                              \
	({                                                        \
		static struct ratelimit_state _rs = { 5000, 10 }; \
		if (___ratelimit(&_rs, __func__))                 \
			pr_err(fmt, ##__VA_ARGS__);               \
	})
void dump_stack(void);
void panic(const char *fmt, ...) __attribute__((noreturn));
#define BUG()                                          \
	do {                                           \
		asm volatile("ud2" : : "i"(__LINE__)); \
		__builtin_unreachable();               \
	} while (0)
#define BUG_ON(condition)                \
	do {                             \
		if (unlikely(condition)) \
			BUG();           \
	} while (0)

#define module_init(fn) int init_module(void) __attribute__((alias(#fn)))
#define module_exit(fn) void cleanup_module(void) __attribute__((alias(#fn)))
#define MODULE_LICENSE(text) \
	static const char module_license[] __attribute__((used)) = text
#define MODULE_VERSION(text) \
	static const char module_version[] __attribute__((used)) = text
#define MODULE_DEVICE_TABLE(type, name) \
	extern typeof(name) __mod_##type##__##name##_device_table

void *kmalloc(size_t size, gfp_t flags);
void *kzalloc(size_t size, gfp_t flags);
void kfree(const void *p);
char *strcpy(char *to, const char *from);
int sprintf(char *to, const char *fmt, ...);
int sysfs_emit(char *buf, const char *fmt, ...);
unsigned long copy_from_user(void *to, const void __user *from, unsigned long n);
bool capable(int capability);
#define CAP_SYS_ADMIN 21

struct device {
	void *data;
};
struct inode;
struct file {
	void *private_data;
};
struct file_operations {
	int (*open)(struct inode *inode, struct file *file);
	long (*unlocked_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
	long (*compat_ioctl)(struct file *file, unsigned int cmd, unsigned long arg);
};
long compat_ptr_ioctl(struct file *file, unsigned int cmd, unsigned long arg);
#define _IOWR(type, nr, size) ((type) << 8 | (nr) | sizeof(size) << 16)
#define _IOW(type, nr, size)  ((type) << 8 | (nr) | sizeof(size) << 16)

typedef struct {
	unsigned int val;
} kuid_t;
struct cred {
	kuid_t uid;
};
const struct cred *current_cred(void);
#define current_uid() (current_cred()->uid)
unsigned int __kuid_val(kuid_t uid);
bool uid_eq(kuid_t left, kuid_t right);
#define GLOBAL_ROOT_UID ((kuid_t){ 0 })

typedef int irqreturn_t;
#define IRQ_HANDLED 1
typedef irqreturn_t (*irq_handler_t)(int irq, void *data);
int request_irq(unsigned int irq, irq_handler_t handler, unsigned long flags,
		const char *name, void *data);
void free_irq(unsigned int irq, void *data);
int devm_request_irq(struct device *dev, unsigned int irq, irq_handler_t handler,
		     unsigned long flags, const char *name, void *data);
void *devm_kzalloc(struct device *dev, size_t size, gfp_t flags);

struct work_struct {
	void (*func)(struct work_struct *work);
};
#define INIT_WORK(work, function) ((work)->func = (function))

struct pci_device_id {
	u32 vendor, device;
};
struct pci_driver {
	const char *name;
	const struct pci_device_id *id_table;
};
struct platform_driver {
	const char *name;
};
struct class;
struct class *class_create(void *owner, const char *name);

struct device_node;
struct device_node *of_find_node_by_name(struct device_node *from, const char *name);
int of_property_read_u32(const struct device_node *np, const char *name, u32 *value);
void of_node_put(struct device_node *np);

struct proc_dir_entry;
void proc_set_size(struct proc_dir_entry *entry, loff_t size);
void *debugfs_create_file(const char *name, umode_t mode, void *parent, void *data,
			  const struct file_operations *fops);
#define module_param(name, type, perm) struct param_##name
