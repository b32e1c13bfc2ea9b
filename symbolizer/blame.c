/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "symbolizer/blame.h"

#include <stdio.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "symbolizer/dialect.h"
#include "symbolizer/panic_model.h"

/*
 * A trailing "*" matches any end. What prints, checks, copies, allocates, frees, locks
 * or counts on behalf of its caller is not what has the defect.
 */
static const char *const helpers[] = {
	/* printing and dying */
	"dump_stack*",
	"__dump_stack*",
	"show_stack*",
	"dump_backtrace*",
	"show_regs*",
	"show_trace*",
	"show_call_trace",
	"walk_stackframe",
	"print_*",
	"nmi_*",
	"panic",
	"vpanic",
	"__panic",
	"oops_*",
	"die",
	"__die*",
	"die_*",
	"do_exit",
	"make_task_dead",
	"bad_page*",

	"no_context",
	"page_fault*",
	"do_page_fault*",
	"__do_page_fault",
	"exc_*",
	"asm_exc_*",
	"do_user_addr_fault",
	"do_kern_addr_fault",
	"kernelmode_fixup*",
	"handle_page_fault",
	"do_trap*",
	"do_error_trap",
	"do_invalid_op",
	"invalid_op",
	"do_general_protection",
	"general_protection*",
	"error_code",
	"common_exception",
	"handle_bug",
	"report_bug",
	"fixup_bug*",
	"bug_handler*",
	"brk_handler",
	"call_break_hook",
	"do_debug_exception",
	"el1_*",
	"el1h_*",
	"el0_*",
	"el0t_*",
	"__el1_irq",
	"do_mem_abort",
	"do_translation_fault",
	"do_alignment*",
	"do_sea",
	"do_bad*",
	"do_DataAbort",
	"do_kernel_fault",
	"__do_kernel_fault",
	"do_tag_*",
	"do_undef*",
	"arm64_*",
	"do_ecall*",
	"do_el0*",
	"do_el1*",
	"do_serror",
	"do_SError",
	"ret_from_exception",
	"handle_exception",
	"do_page_fault",
	"do_trap_break",
	"warn_slowpath*",
	"__warn*",
	"warn_*_fmt",
	"ubsan_*",
	"__ubsan_*",
	"handle_overflow",
	"val_to_string*",
	"dump_page",
	"dump_header",
	"fail_dump",
	"should_fail*",
	"should_failslab",
	"__should_fail*",
	"fault_create*",
	"should_fail_alloc_page",
	"lockdep_*",
	"trace_hardirqs*",
	"trace_*",
	"debug_check*",
	"check_noncircular",
	"check_prev*",
	"check_wait_context",
	"check_irq_usage",
	"mark_*",
	"validate_chain",
	"__lock_acquire",
	"lock_acquire*",
	"lock_release*",
	"__lock_release",
	"lock_is_held*",
	"__lock_is_held",
	"reacquire_held*",
	"__lock_set_class",
	"lock_set_class",
	"lock_downgrade",
	"find_held_lock",
	"look_up_lock_class",
	"register_lock_class",
	"assign_lock_key",
	"save_trace",
	"check_usage*",
	"valid_state",
	"usage_*",
	"print_lock*",
	"debug_mutex*",
	"debug_lockdep*",
	"dump_unreferenced*",
	/* sanitizers */
	"kasan_*",
	"__kasan_*",
	"__asan_*",
	"check_memory_region*",
	"check_region*",
	"end_report",
	"describe_*",
	"kmsan_*",
	"__kmsan_*",
	"__msan_*",
	"instrument_*",
	"kcsan_*",
	"__tsan_*",
	"__kcsan_*",
	"kfence_*",
	"__kfence_*",
	"memory_is_*",
	"asan_*",
	"__hwasan_*",
	"object_err",
	"slab_err",
	"slab_bug",
	"print_trailer",
	"check_object",
	"check_bytes*",
	"check_slab",
	"on_freelist",
	"alloc_consistency*",
	"free_consistency*",
	"free_debug*",
	"slab_pad_check",
	"fault_in_*",
	/* strings and memory */
	"memcpy*",
	"memset*",
	"memmove*",
	"memcmp*",
	"memchr*",
	"memscan",
	"memdup*",
	"memzero*",
	"__mem*",
	"strlen*",
	"strnlen*",
	"strcpy",
	"strncpy*",
	"strlcpy",
	"strscpy*",
	"strcmp",
	"strncmp",
	"strcat",
	"strncat",
	"strstr",
	"strchr*",
	"strrchr",
	"strnchr",
	"strim",
	"strsep",
	"strcasecmp",
	"strncasecmp",
	"strnstr",
	"strreplace",
	"strspn",
	"strcspn",
	"strlcat",
	"strndup*",
	"strncpy_from_user",
	"strnlen_user",
	"_copy_*",
	"__copy_*",
	"copy_to_*",
	"copy_from_*",
	"copy_user*",
	"raw_copy_*",
	"rep_movs*",
	"clear_user*",
	"__clear_user",
	"_copy*",
	"copyin",
	"copyout",
	"copy_iter*",
	"copy_page_to_iter*",
	"iov_iter_*copy*",
	"_copy_to_iter",
	"_copy_from_iter*",
	"__arch_copy*",
	"check_stack_object",
	"usercopy_*",
	"__check_object*",
	"check_heap_object",
	"vsnprintf",
	"snprintf",
	"sprintf",
	"vprintk*",
	"printk*",
	"_printk",
	"string",
	"pointer",
	"number",
	"format_decode",
	"symbol_string",
	/* allocators */
	"kmalloc*",
	"__kmalloc*",
	"__do_kmalloc*",
	"kzalloc*",
	"kcalloc*",
	"kvmalloc*",
	"krealloc*",
	"__do_krealloc",
	"kmem_cache_*",
	"__kmem_cache*",
	"kmemdup*",
	"kstrdup*",
	"slab_*",
	"__slab_*",
	"___slab_*",
	"new_slab*",
	"allocate_slab",
	"cache_alloc*",
	"cache_free*",
	"____cache_*",
	"__cache_*",
	"___cache_*",
	"kfree*",
	"__kfree",
	"kvfree*",
	"vfree*",
	"__vfree",
	"vfree_*",
	"free_pages*",
	"__free_pages*",
	"__free_*pages*",
	"free_unref*",
	"free_page*",
	"__free_one_page",
	"free_pcp*",
	"free_large*",
	"__page_frag*",
	"__alloc_pages*",
	"alloc_pages*",
	"__alloc_frozen*",
	"__alloc_page*",
	"prep_new_page",
	"get_page_from_freelist",
	"rmqueue*",
	"post_alloc_hook",
	"kernel_init_pages",

	"qlink_free",
	"quarantine_*",
	"vmalloc*",
	"__vmalloc*",
	"vzalloc*",
	"kvzalloc*",
	"pcpu_*",
	"__alloc_percpu*",
	"free_percpu",
	"do_slab_free",
	"do_kmalloc*",
	"shuffle_freelist",
	"setup_object*",
	"poison_*",
	"unpoison_*",
	"__pcpu*",
	"mempool_*",
	"remove_partial",

	"get_partial*",
	"discard_slab",
	"free_slab",
	"unfreeze_partials*",
	"put_cpu_partial",
	"flush_slab",
	"init_object",
	/* counting and locking */
	"refcount_*",
	"__refcount_*",
	"kref_*",
	"atomic_*",
	"arch_atomic*",
	"__atomic_*",
	"atomic64_*",
	"atomic_long_*",
	"raw_atomic*",
	"test_and_*",
	"arch_test_*",
	"set_bit",
	"clear_bit",
	"__set_bit",
	"change_bit",
	"_raw_*",
	"__raw_*",
	"do_raw_*",
	"raw_spin_*",
	"spin_*",
	"queued_*",
	"native_queued_*",
	"__pv_queued*",
	"pv_queued*",
	"mutex_*",
	"__mutex_*",
	"___mutex*",
	"down_*",
	"__down_*",
	"up_*",
	"__up_*",
	"down",
	"up",
	"rwsem_*",
	"percpu_down*",
	"percpu_up*",
	"rt_mutex_*",
	"rt_spin_*",
	"seqcount*",
	"read_seq*",
	"arch_spin_*",
	"osq_*",
	"lock_sock_nested*",
	"rcu_read_*",
	"__rcu_read*",
	"spin_bug",
	"spin_dump",
	"rwlock_bug*",
	"ww_mutex*",
	"__ww_mutex*",
	"__list_*",
	"list_*",
	"hlist_*",
	"__hlist_*",
	"rb_*",
	"__rb_*",
	"debug_object*",
	"debug_print*",
	"__debug_*",
	"__fentry__",
	"kobject_*",
	"__kobject*",
	"kset_*",
	"add_timer*",
	"mod_timer*",
	"__mod_timer",
	"enqueue_timer_*",
	"hlist*",
	/* entry, interrupts */
	"entry_*",
	"irq_*",
	"__irq_*",
	"handle_irq*",
	"do_IRQ",
	"common_interrupt*",
	"sysvec_*",
	"__sysvec*",
	"asm_*",
	"smp_apic*",
	"apic_timer*",
	"local_apic*",
	"run_sysvec*",
	"instr_sysvec*",
	"error_entry",
	"ret_from_*",
	"native_*",
	"should_resched",
	"preempt_*",
	"___preempt*",
	"check_preemption_disabled",
	"debug_smp_processor_id",
	"__this_cpu_preempt*",
	"__might_*",
	"___might_*",
	"might_*",
	"srso_*",
	"retbleed_*",
	"__x86_*",
	"__sanitizer_cov*",
	"__write_once*",
	"__read_once*",
	"write_comp_data",
	"stack_trace_*",
	"__save_stack*",
	"save_stack*",
	"stack_depot*",
	"arch_stack_walk*",
	"unwind_*",
	"__unwind_start",
	"rcu_lockdep*",
	"netdev_warn*",
	"__stack_chk_fail",
	"read_word_at*",
	"__read_overflow*",
	"fortify_*",
	"__fortify*",
	"csum_partial*",
	"lib_*",
	"find_next*_bit",
	"_find_*",
	"hex_string",
	"usb_submit_urb",
	"__warn_printk",
	"warn_bogus*",
	"__xa_*_check",
	"jhash",
	"crc*",
	"__writel",
	"__readl",
	"__raw_write*",
	"__raw_read*",
	"readl",
	"writel",
	"readb",
	"writeb",
	"inb",
	"outb",
	"idr_remove",
	"ida_free",
	"__skb_*push",
	"skb_panic",
	"skb_over_panic",
	"skb_under_panic",
	"skb_push",
	"skb_put",
	"skb_pull*",
	"___pskb*",
	"consume_skb_",
	"INIT_LIST_HEAD",
	"__init_work",
	"init_timer_key",
	"__init_timer*",
	"sock_hold",
	"refcount*",
	"get_pid_task_",
	"put_device",
	"get_device",
	"kthread_stop_",
	"klist_*",
	"create_object",
	"dev_vprintk*",
	"__dev_printk*",
	"iput",
	"__check_heap_object",
	"cipher_crypt*",
	"drbg_*",
	"rng_setkey",
	"kmemleak_*",
	"kvasprintf*",
	"kasprintf",
	"__wake_up*",
	"wake_up_bit",
	"__task_rq_lock",
	"task_rq_lock",
	"device_add",
	"device_del",
	"device_register",
	"device_unregister",
	"device_destroy",
	"device_create*",
	"device_release",
	"get_device_parent",
	"sysfs_*",
	"dpm_sysfs*",
	"i2c_del_adapter",
	"tty_unregister_device",
	"usb_kill_anchored_urbs",
	"kthread_stop",
	"hwrng_unregister",
	"sk_stop_timer*",
	"lock_timer_base",
	"try_to_del_timer*",
	"__try_to_del*",
	"del_timer*",
	"timer_delete*",
	"__timer_delete*",
	"queue_work*",
	"__queue_work*",
	"queue_delayed*",
	"__queue_delayed*",
	"insert_work",
	"work_is_static_object",
	"flush_work*",
	"__flush_work*",
	"drain_workqueue",
	"destroy_workqueue",
	"cancel_delayed_work*",
	"cancel_work*",
	"__cancel_work*",
	"__call_rcu*",
	"call_rcu*",
	"vscnprintf",
	"va_format",
	"devres_release_all",
	"release_nodes",
	"rhashtable_*",
	"_atomic_dec*",
	"ref_tracker_*",
	"__seqprop*",
	"cleanup_srcu_struct",
	"folio_unlock",
	"unlock_page",
	"perf_trace_lock*",
	"reiserfs_write_lock*",
	"logic_in*",
	"logic_out*",
	"aes_*",
	"aesti_*",
	"crypto_*",
	"xts_*",
	"___kmalloc*",
	"alloc_page_*",
	"page_pool_*",
	"filemap_alloc*",
	"folio_alloc*",
	"__filemap_get_folio",
	"pagecache_get_page",
	"__page_cache_alloc",
	"__page_pool*",
	"__folio_alloc*",
	"task_blocks_on*",
	"try_to_wake*",
	"__vunmap",
	"vunmap*",
	"fast_dput",
	"dput",
	"__vfree*",
	"kthread_queue*",
	"__kthread*",
	"swake_*",
	"complete",
	"complete_all",
	"fput_many_",
	"sysfs_*create*_",
	"proc_register",
	"__proc_create",
	"dev_printk*",
	"_dev_*",
	"__dynamic_*",
	"__dabt_svc_",
	"__pabt_svc_",
	"el1t*",
	"do_trap_*",
	"do_ade",
	"do_be",
	"__exception*",
	"__show_regs",
	"show_registers",
	"c_backtrace",
	"unwind_backtrace",
	"dump_mem",
	"__irq_svc",
	"start_kernel_",
	"__fput_sync_",
	"virt_to_*",
	"__phys_addr*",
	"__virt_to*",
	"page_to_*",
	"zero_user*",
	"clear_page_erms",
	"clear_highpage*",
	"clear_huge*",
	"crash_*",
	"machine_*",
	"kexec_*",
};

/* What waits, for those who are stuck. */
static const char *const waits[] = {
	"schedule*",
	"__schedule*",
	"io_schedule*",
	"wait_*",
	"__wait_*",
	"do_wait_*",
	"prepare_to_wait*",
	"finish_wait",
	"bit_wait*",
	"out_of_line_wait*",
	"context_switch",
	"__switch_to*",
	"switch_to",
	"preempt_schedule*",
	"rwsem_*",
	"down*",
	"__down*",
	"mutex_*",
	"__mutex*",
	"autoremove*",
	"__refrigerator",
	"flush_work*",
	"__flush_work*",
	"flush_workqueue*",
	"drain_workqueue*",
	"__cancel_work*",
	"cancel_*work_sync",
	"completion_*",
	"kthread_stop*",
	"call_rwsem*",
	"blk_mq_*wait*",
	"lock_page*",
	"__lock_page*",
	"folio_wait*",
	"folio_lock*",
	"__folio_lock*",
	"usleep*",
	"msleep*",
	"schedule_timeout*",
	"rt_mutex*",
	"percpu_*",
	"__percpu_*",
	"lock_sock*",
	"__lock_sock*",
	"destroy_workqueue",
	"wait_for_completion*",
	"__wait_for_*",
	"__synchronize_*",
	"_synchronize*",
	"device_lock*",
	"__device_lock*",
	"wait_rcu*",
	"__rwsem*",
	"read_extent*_",
	"p9_virtio_*_",
	"usb_kill_urb",
	"usb_start_wait_urb",
	"usb_bulk_msg",
	"usb_control_msg",
	"usb_internal*",
	"lock_two_*",
	"inode_wait*",
	"iget_*_",
	"io_wq_*_",
	"wb_wait*",
	"lock_mount*_",
	"request_wait_*",
	"__lll_*",
	"bdi_*_",
	"wq_*",
	"finish_*",
	"sync_inodes*_",
	"___down*",
	"raw_cpu*",
	"__wake*",
	"wake_*",
	"__rt_mutex*",
	"rt_mutex*",
	"filemap_fdatawait*",
	"__filemap_fdatawait*",
	"fdatawait_*",
	"console_lock",
	"rcu_barrier*",
	"_rcu_barrier*",
	"wb_wait*",
};

/*
 * Who hands control to others: system call entry, file operations, timers, work, packet
 * delivery. Below them begins the code of whoever got it.
 */
static const char *const givers[] = {
	"vfs_read",
	"vfs_write",
	"__vfs_read",
	"__vfs_write",
	"vfs_readv",
	"vfs_writev",
	"vfs_ioctl",
	"do_vfs_ioctl",
	"do_iter_*",
	"do_readv*",
	"do_writev*",
	"do_loop_readv*",
	"new_sync_*",
	"call_timer_fn*",
	"expire_timers",
	"__hrtimer_run*",
	"__run_hrtimer",
	"process_one_work",
	"process_scheduled_works",
	"worker_thread",
	"__do_fault",
	"do_syscall*",
	"__do_syscall*",
	"do_fast_syscall*",
	"__do_fast_syscall*",
	"do_int80*",
	"entry_*",
	"tasklet_action*",
	"kthread",
	"__netif_receive_skb*",
	"netif_receive_skb*",
	"deliver_skb",
	"__fput",
	"invoke_syscall*",
	"__invoke_syscall",
	"el0_svc*",
	"do_el0_svc",
	"x64_sys_call",
	"ret_fast_syscall",
	"syscall_*",
	"system_call*",
	"sysenter_*",
	"kthread_worker_fn",
	"rcu_do_batch",
	"blk_done_softirq",
	"smpboot_thread_fn",
	"rtnetlink_rcv_msg",
	"compat_SyS_ioctl",
	"SyS_ioctl",
	"ksys_ioctl",
	"*_sys_ioctl",
	"sys_ioctl",
	"*compat_ioctl",
	"__x64_sys_exit_group_",
	"do_softirq_own*",
};

/* Where an interrupt begins: below it is what it interrupted. */
static const char *const entries[] = {
	"apic_timer_interrupt*",
	"trace_apic_timer*",
	"smp_trace_apic_timer_interrupt_entry*",
	"smp_apic_timer_interrupt_entry*",
	"asm_sysvec*",
	"el1_irq*",
	"el1h_*irq*",
	"__irq_svc*",
	"ret_from_intr*",
	"common_interrupt*",
	"asm_common_interrupt*",
	"handle_exception*",
	"sysvec_apic*",
};

/* Notices an event on behalf of an interrupted one: its frames are not the culprit's. */
static const char *const watchers[] = {
	"sched_show_task*",
	"_sched_show_task*",
	"print_other_cpu*",
	"print_cpu_stall*",
	"check_cpu_stall*",
	"rcu_*",
	"__rcu_pending",
	"update_process_times",
	"tick_*",
	"__hrtimer_run*",
	"__run_hrtimer",
	"hrtimer_*interrupt",
	"smp_apic*",
	"local_apic*",
	"apic_timer*",
	"watchdog_*",
	"asm_sysvec*",
	"sysvec*",
	"__sysvec*",
	"asm_call*",
	"run_on_irqstack*",
	"arch_trigger*",
	"nmi_*",
	"default_do_nmi",
	"do_nmi",
	"end_repeat_nmi",
	"perf_event_nmi*",
	"trigger_*",
	"arch_timer_*",
	"handle_percpu*",
	"generic_handle*",
	"__handle_domain*",
	"handle_domain*",
	"gic_handle*",
	"el1_irq*",
	"__el1_irq",
	"el1h_*",
	"call_on_irq*",
	"do_interrupt_handler",
	"show_regs*",
	"show_stack*",
	"dump_*",
	"panic",
	"lapic_*",
	"timer_handler*",
	"__do_sys_timer_",
	"bad_range_",
	"hv_*",
	"instrumentation*",
	"irq_exit*",
	"__irq_exit*",
	"irq_enter*",
	"invoke_softirq",
	"do_softirq_own_stack",
	"__local_bh_enable*",
	"el0_irq*",
	"cpu_relax_",
	"pvclock_*_",
	"sched_clock*",
	"ktime_get*",
	"__sanitizer_cov*",
	"kasan_*",
	"check_memory_region*",
	"__asan_*",
	"native_*",
	"__xen_*",
	"xen_*",
	"delay_*",
	"__delay",
	"__const_udelay",
	"__pv_*",
	"pv_*",
	"handle_irq*",
	"__handle_irq*",
	"do_IRQ*",
	"common_interrupt*",
	"ret_from_intr*",
	"queued_*",
	"_raw_*",
	"do_raw_*",
	"arch_local_irq*",
	"lock_*",
	"__lock_*",
	"mark_*",
	"trace_*",
	"unwind_*",
};

static bool matches(const char *name, const char *pattern)
{
	size_t length = strlen(pattern);
	const char *star = memchr(pattern, '*', length);

	if (!star)
		return !strcmp(name, pattern);
	if (strncmp(name, pattern, star - pattern))
		return false;
	return star == pattern + length - 1 || strstr(name + (star - pattern), star + 1);
}

static bool in_list(const char *name, const char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if ((list[i][0] == name[0] || list[i][0] == '*') &&
		    matches(name, list[i]))
			return true;
	return false;
}

void blame_normalize(const char *function, char *ret, size_t size)
{
	size_t length = strcspn(function, ".");

	/* C++ and Rust keep their names. */
	if (!strncmp(function, "_Z", 2) || !strncmp(function, "_R", 2) || !length)
		length = strlen(function);
	snprintf(ret, size, "%.*s", (int)(length < size ? length : size - 1), function);
}

bool blame_is_helper(const char *function)
{
	char name[128];

	blame_normalize(function, name, sizeof(name));
	return in_list(name, helpers, ARRAY_LENGTH(helpers));
}

static bool is_wait(const char *name)
{
	return in_list(name, waits, ARRAY_LENGTH(waits));
}

static bool is_giver(const char *name)
{
	return in_list(name, givers, ARRAY_LENGTH(givers));
}

/* One stack, as blame sees it. */
struct stack {
	const struct panic_context *context;
	size_t first; /* frame to begin with */
};

static const char *name_at(const struct stack *stack, size_t i, char *buffer, size_t size)
{
	const struct frame *frame = &stack->context->frames.items[i];

	if (!frame->function || frame->kind == FRAME_GUESSED)
		return NULL;
	blame_normalize(frame->function, buffer, size);
	return buffer;
}

/* The first frame that is neither a helper nor, with @waiting, a wait. */
static const struct frame *first_guilty(const struct stack *stack, bool waiting)
{
	const struct frames *frames = &stack->context->frames;
	char name[128];

	for (size_t i = stack->first; i < frames->count; i++)
		if (name_at(stack, i, name, sizeof(name)) &&
		    !in_list(name, helpers, ARRAY_LENGTH(helpers)) &&
		    !(waiting && is_wait(name)))
			return &frames->items[i];
	return NULL;
}

/* The frame that the first interrupt of the stack met. */
static size_t interrupted(const struct stack *stack)
{
	const struct frames *frames = &stack->context->frames;
	size_t exact = stack->first;
	char name[128];

	/* The log tells itself where the instruction pointer stood. */
	if (stack->first < frames->count &&
	    frames->items[stack->first].kind == FRAME_EXACT)
		return stack->first;
	for (size_t i = stack->first; i < frames->count; i++) {
		if (!name_at(stack, i, name, sizeof(name)))
			continue;
		if (in_list(name, entries, ARRAY_LENGTH(entries)))
			return i + 1;
		if (frames->items[i].kind == FRAME_EXACT && exact == stack->first)
			exact = i;
	}
	return exact;
}

/* __x64_sys_mount only calls ksys_mount: the latter is the better name. */
static const struct frame *inner_call(const struct stack *stack,
				      const struct frame *frame)
{
	const struct frame *inner = frame - 1;
	const char *outer_name, *inner_name;

	if (frame <= stack->context->frames.items || !inner->function)
		return frame;
	outer_name = strstr(frame->function, "sys_");
	inner_name = strncmp(inner->function, "ksys_", 5) ? NULL : inner->function + 1;
	return outer_name && inner_name && !strcmp(outer_name, inner_name) ? inner
									   : frame;
}

/* What calls other CPUs waits for them: that is the answer wherever it stands on top. */
static bool calls_others(const char *name)
{
	return !strncmp(name, "smp_call_function", 17);
}

/*
 * Who had control when the kernel stopped: passes over those who noticed, then gives
 * the frame that a giver called; without one, the first that is left.
 */
static const struct frame *stalled(const struct stack *stack)
{
	const struct frames *frames = &stack->context->frames;
	const struct frame *fallback = NULL, *before = NULL, *giver = NULL;
	size_t start = interrupted(stack);
	char name[128];

	for (size_t i = start; i < frames->count; i++) {
		if (!name_at(stack, i, name, sizeof(name)))
			continue;
		if (is_giver(name) && before)
			return inner_call(stack, before);
		if (!giver && !fallback && strstr(name, "_compat_ioctl"))
			giver = &frames->items[i];
		if (!fallback && calls_others(name))
			return &frames->items[i];
		if (in_list(name, watchers, ARRAY_LENGTH(watchers)) ||
		    (!fallback &&
		     (in_list(name, helpers, ARRAY_LENGTH(helpers)) || is_wait(name))))
			continue;
		if (!fallback && !is_giver(name))
			fallback = &frames->items[i];
		if (!is_giver(name))
			before = &frames->items[i];
	}
	return fallback ? fallback : giver;
}

/* What recursed until the stack was full. */
static const struct frame *repeated(const struct stack *stack)
{
	const struct frames *frames = &stack->context->frames;
	const struct frame *one = first_guilty(stack, false);
	int times = 0;

	for (size_t i = 0; one && i < frames->count && i < 32; i++)
		times += frames->items[i].function &&
			 !strcmp(frames->items[i].function, one->function);
	return times >= 4 ? one : NULL;
}

static bool faulted_by_helper(const struct event *event)
{
	char name[128];

	blame_normalize(event->named, name, sizeof(name));
	return !event->named[0] || in_list(name, helpers, ARRAY_LENGTH(helpers));
}

/* Skips to below the last frame of that name, where event->after names one. */
static void skip_after(const struct event *event, struct stack *stack)
{
	char name[128];

	for (size_t i = stack->first; event->after[0] && i < stack->context->frames.count;
	     i++)
		if (name_at(stack, i, name, sizeof(name)) && !strcmp(name, event->after))
			stack->first = i + 1;
}

static const struct frame *search(const struct event *event, struct stack *stack)
{
	const struct frames *frames = &stack->context->frames;

	if (event->blame == BLAME_STALL)
		return stalled(stack);
	if (event->blame == BLAME_OVERFLOW) {
		const struct frame *again = repeated(stack);

		return again ? again : stalled(stack);
	}
	if (event->blame == BLAME_WAIT)
		return first_guilty(stack, true);
	/* A fault: what lies above the faulting instruction only handled it. */
	for (size_t i = 0; event->blame == BLAME_FAULT && i < frames->count; i++)
		if (frames->items[i].kind == FRAME_EXACT) {
			stack->first = i;
			break;
		}
	skip_after(event, stack);
	return first_guilty(stack, false);
}

static bool is_guilty_place(const struct panic_context *context)
{
	static const char *const others[] = { "Allocated",  "Freed",	"allocated",
					      "freed",	    "Last pot", "Second",
					      "Uninit",	    "page ",	"Preempt",
					      "irq state",  "locks",	"other CPUs",
					      "workqueues", "-> #",	"the existing",
					      "{",	    "is freed", "Local var" };

	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		if (!strncmp(context->name, others[i], strlen(others[i])))
			return false;
	return true;
}

static bool is_preferred(const struct event *event, const struct panic_context *context)
{
	return !strncmp(context->name, event->prefer, strlen(event->prefer));
}

/* Some reports are about where the object came from, when that is told. */
static bool may_be_guilty(const struct event *event, const struct panic_context *context)
{
	const struct panic *p = &event->panic;

	for (size_t i = 0; event->prefer[0] && i < p->context_count; i++)
		if (is_preferred(event, &p->contexts[i]) && p->contexts[i].frames.count)
			return is_preferred(event, context);
	return is_guilty_place(context);
}

static bool accuse(struct panic *p, const struct frame *frame)
{
	char name[EVENT_TEXT];

	if (frame->function) {
		blame_normalize(frame->function, name, sizeof(name));
		if (!panic_set(&p->function, name, strlen(name)))
			return false;
	}
	return !frame->module ||
	       panic_set(&p->module, frame->module, strlen(frame->module));
}

static struct error *accuse_named(struct event *event)
{
	struct frame frame = { .function = event->named };
	const struct panic *p = &event->panic;

	/* The module is told by the frame of that name. */
	for (size_t i = 0; i < p->context_count && !frame.module; i++)
		for (size_t j = 0; j < p->contexts[i].frames.count; j++) {
			const struct frame *one = &p->contexts[i].frames.items[j];

			if (one->function && !strcmp(one->function, event->named)) {
				frame.module = one->module;
				break;
			}
		}
	return accuse(&event->panic, &frame) ? NULL : error_nomem();
}

struct error *blame_choose(struct event *event)
{
	struct panic *p = &event->panic;
	struct panic_context *first = NULL;

	if ((event->blame == BLAME_NAMED && !faulted_by_helper(event)) ||
	    (event->blame == BLAME_GIVEN && event->named[0])) {
		struct error *error = accuse_named(event);

		if (error)
			return error;
	}
	for (size_t i = 0; i < p->context_count; i++) {
		struct stack stack = { &p->contexts[i], 0 };
		const struct frame *frame;

		if (!stack.context->frames.count || !may_be_guilty(event, stack.context))
			continue;
		if (!first)
			first = &p->contexts[i];
		frame = p->function || event->blame == BLAME_NOBODY
				? NULL
				: search(event, &stack);
		if (!frame)
			continue;
		p->contexts[i].guilty = true;
		return accuse(p, frame) ? NULL : error_nomem();
	}
	if (first)
		first->guilty = true;
	return NULL;
}
