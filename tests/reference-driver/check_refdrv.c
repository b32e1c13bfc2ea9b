/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reference driver at work. On the host this program boots a throwaway machine and
 * runs itself there ("inside") with the release module; there it is root and drives
 * /dev/refdrv0 for real, through unbinding, suspend and unloading.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/check_main.h"

#include "reference-driver/refdrv_ioctl.h"

#define MODULE	"/refdrv.ko"
#define NODE	"/dev/refdrv0"
#define CLASS	"/sys/class/refdrv"
#define DRIVER	"/sys/bus/platform/drivers/refdrv"
#define LATENCY CLASS "/refdrv0/latency_ms"

static int fd = -1;

/* An address that no program has, hidden from the compiler. */
static void *volatile nowhere = (void *)16;

static int load(const char *parameters)
{
	int module = open(MODULE, O_RDONLY | O_CLOEXEC), rc;

	ck_assert_int_ge(module, 0);
	rc = syscall(SYS_finit_module, module, parameters, 0) ? -errno : 0;
	close(module);
	return rc;
}

static int unload(void)
{
	return syscall(SYS_delete_module, "refdrv", O_NONBLOCK) ? -errno : 0;
}

static int write_to(const char *path, const char *text)
{
	int file = open(path, O_WRONLY | O_CLOEXEC), rc = 0;

	if (file < 0)
		return -errno;
	if (write(file, text, strlen(text)) < 0)
		rc = -errno;
	close(file);
	return rc;
}

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static void set_latency(const char *ms)
{
	ck_assert_int_eq(write_to(LATENCY, ms), 0);
}

static short events(int timeout_ms)
{
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };

	ck_assert_int_ge(poll(&p, 1, timeout_ms), 0);
	return p.revents;
}

static void await_result(void)
{
	struct pollfd p = { fd, POLLIN, 0 };

	ck_assert_int_eq(poll(&p, 1, 60000), 1);
}

static int submit(unsigned int op, const void *data, unsigned int length)
{
	struct refdrv_submit submission = { (unsigned long)data, length, op };

	return ioctl(fd, REFDRV_IOC_SUBMIT, &submission) ? -errno : 0;
}

static struct refdrv_status status(void)
{
	struct refdrv_status s;

	memset(&s, 0xff, sizeof(s));
	ck_assert_int_eq(ioctl(fd, REFDRV_IOC_STATUS, &s), 0);
	return s;
}

static void load_and_open(void)
{
	ck_assert_int_eq(load(""), 0);
	fd = open(NODE, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
}

static void close_and_unload(void)
{
	close(fd);
	fd = -1;
	ck_assert_int_eq(unload(), 0);
}

START_TEST(structures_have_one_layout)
{
	ck_assert_uint_eq(sizeof(struct refdrv_status), 32);
	ck_assert_uint_eq(sizeof(struct refdrv_submit), 16);
	ck_assert_uint_eq(REFDRV_IOC_STATUS, 0x802052d0);
}
END_TEST

START_TEST(status_is_filled_to_the_last_byte)
{
	struct refdrv_status s = status();

	ck_assert_uint_eq(s.instance, 0);
	ck_assert_uint_eq(s.outstanding, 0);
	ck_assert_uint_eq(s.commands, 0);
	ck_assert_uint_eq(s.bytes, 0);
	ck_assert_uint_eq(s.latency_ms, 1);
	ck_assert_uint_eq(s.reserved, 0);
}
END_TEST

START_TEST(read_does_not_wait_for_nothing)
{
	char data[16];

	ck_assert_int_eq(read(fd, data, sizeof(data)), 0);
}
END_TEST

START_TEST(gives_back_what_was_written)
{
	char data[REFDRV_MAX_DATA], back[REFDRV_MAX_DATA];

	memset(data, 'x', sizeof(data));
	ck_assert_int_eq(write(fd, data, sizeof(data)), sizeof(data));
	ck_assert_int_eq(read(fd, back, sizeof(back)), sizeof(back));
	ck_assert_mem_eq(data, back, sizeof(data));
	ck_assert_uint_eq(status().bytes, sizeof(data));
}
END_TEST

START_TEST(inverts_and_adds)
{
	const unsigned char data[] = { 1, 2, 3, 254 };
	unsigned char back[8];

	ck_assert_int_eq(submit(REFDRV_OP_INVERT, data, sizeof(data)), 0);
	ck_assert_int_eq(read(fd, back, sizeof(back)), 4);
	ck_assert_uint_eq(back[0], 254);
	ck_assert_int_eq(submit(REFDRV_OP_SUM, data, sizeof(data)), 0);
	ck_assert_int_eq(read(fd, back, sizeof(back)), 4);
	ck_assert_mem_eq(back, "\x04\x01\x00\x00", 4);
}
END_TEST

START_TEST(refuses_what_it_does_not_know)
{
	char data[REFDRV_MAX_DATA + 1] = "";

	ck_assert_int_eq(submit(REFDRV_OP_SUM + 1, data, 4), -EINVAL);
	ck_assert_int_eq(submit(REFDRV_OP_COPY, data, 0), -EMSGSIZE);
	ck_assert_int_eq(submit(REFDRV_OP_COPY, data, sizeof(data)), -EMSGSIZE);
	ck_assert_int_eq(ioctl(fd, _IO('R', 0xff)), -1);
	ck_assert_int_eq(errno, ENOTTY);
	ck_assert_int_eq(write(fd, data, sizeof(data)), -1);
	ck_assert_int_eq(errno, EMSGSIZE);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), -1);
	ck_assert_int_eq(errno, ESPIPE);
}
END_TEST

START_TEST(bad_address_leaves_nothing_outstanding)
{
	ck_assert_int_eq(submit(REFDRV_OP_COPY, nowhere, 4), -EFAULT);
	ck_assert_int_eq(write(fd, nowhere, 4), -1);
	ck_assert_int_eq(errno, EFAULT);
	ck_assert_int_eq(ioctl(fd, REFDRV_IOC_STATUS, nowhere), -1);
	ck_assert_int_eq(errno, EFAULT);
	ck_assert_uint_eq(status().outstanding, 0);
}
END_TEST

START_TEST(full_file_takes_no_more_until_read)
{
	char data[4] = "abc";

	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(read(fd, data, 4), 0);
	for (int i = 0; i < REFDRV_MAX_OUTSTANDING; i++)
		ck_assert_int_eq(write(fd, data, 4), 4);
	ck_assert_int_eq(write(fd, data, 4), -1);
	ck_assert_int_eq(errno, EAGAIN);
	await_result();
	ck_assert_int_eq(events(0) & POLLOUT, 0);
	ck_assert_int_eq(read(fd, data, 4), 4);
	ck_assert_int_ne(events(0) & POLLOUT, 0);
	ck_assert_int_eq(write(fd, data, 4), 4);
}
END_TEST

START_TEST(discards_results)
{
	ck_assert_int_eq(write(fd, "abc", 3), 3);
	await_result();
	ck_assert_int_eq(ioctl(fd, REFDRV_IOC_DISCARD), 0);
	ck_assert_uint_eq(status().outstanding, 0);
}
END_TEST

START_TEST(closing_does_not_wait_for_commands)
{
	set_latency("1000");
	ck_assert_int_eq(write(fd, "abc", 3), 3);
	close(fd);
	fd = open(NODE, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(status().outstanding, 0);
}
END_TEST

START_TEST(maps_one_page_that_stays_read_only)
{
	const struct refdrv_counters *counters;
	char data[3];

	ck_assert_ptr_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0),
			 MAP_FAILED);
	ck_assert_ptr_eq(mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0), MAP_FAILED);
	ck_assert_ptr_eq(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 4096), MAP_FAILED);
	counters = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(counters, MAP_FAILED);
	ck_assert_int_eq(mprotect((void *)counters, 4096, PROT_READ | PROT_WRITE), -1);
	ck_assert_int_eq(write(fd, "abc", 3), 3);
	ck_assert_int_eq(read(fd, data, 3), 3);
	ck_assert_uint_eq(counters->commands, 1);
	ck_assert_uint_eq(counters->bytes, 3);
	ck_assert_int_eq(munmap((void *)counters, 4096), 0);
}
END_TEST

START_TEST(latency_has_its_bounds)
{
	struct stat st;

	ck_assert_int_eq(write_to(LATENCY, "1001"), -ERANGE);
	ck_assert_int_eq(write_to(LATENCY, "-1"), -EINVAL);
	ck_assert_int_eq(write_to(LATENCY, "1000"), 0);
	ck_assert_uint_eq(status().latency_ms, 1000);
	ck_assert_int_eq(stat(LATENCY, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0644);
}
END_TEST

START_TEST(is_not_unloaded_while_open)
{
	ck_assert_int_eq(unload(), -EWOULDBLOCK);
}
END_TEST

/* A child sleeps in read() while the device goes; its exit status is the errno. */
static pid_t sleeping_reader(void)
{
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (!child) {
		char data[4];

		_exit(read(fd, data, 4) < 0 ? errno : 0);
	}
	return child;
}

START_TEST(file_outlives_its_device)
{
	const struct refdrv_counters *counters;
	struct refdrv_status s;
	pid_t reader;
	int how;

	counters = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(counters, MAP_FAILED);
	set_latency("1000");
	ck_assert_int_eq(write(fd, "abc", 3), 3);
	reader = sleeping_reader();
	ck_assert_int_eq(write_to(DRIVER "/unbind", "refdrv.0"), 0);

	ck_assert_int_eq(waitpid(reader, &how, 0), reader);
	ck_assert(WIFEXITED(how));
	ck_assert(WEXITSTATUS(how) == ENODEV || WEXITSTATUS(how) == 0);
	ck_assert(!exists(NODE));
	ck_assert_int_eq(ioctl(fd, REFDRV_IOC_STATUS, &s), -1);
	ck_assert_int_eq(errno, ENODEV);
	ck_assert_int_eq(write(fd, "abc", 3), -1);
	ck_assert_int_eq(errno, ENODEV);
	ck_assert_int_eq(events(0), POLLERR | POLLHUP);
	ck_assert_uint_le(counters->commands, 1);

	ck_assert_int_eq(write_to(DRIVER "/bind", "refdrv.0"), 0);
	close(fd);
	fd = open(NODE, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(munmap((void *)counters, 4096), 0);
	ck_assert_uint_eq(status().outstanding, 0);
}
END_TEST

/* Opens, uses and closes for ever, whatever comes of it. */
static pid_t hammer(void)
{
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	while (!child) {
		struct refdrv_status s;
		char data[32] = "abc";
		int file = open(NODE, O_RDWR | O_CLOEXEC);

		if (file < 0)
			continue;
		if (write(file, data, sizeof(data)) == sizeof(data) && s.instance % 2)
			(void)!read(file, data, sizeof(data));
		if (ioctl(file, REFDRV_IOC_STATUS, &s))
			s.instance = getpid();
		close(file);
	}
	return child;
}

START_TEST(unbinds_under_fire)
{
	pid_t children[3];

	for (int i = 0; i < 3; i++)
		children[i] = hammer();
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(write_to(DRIVER "/unbind", "refdrv.0"), 0);
		ck_assert_int_eq(write_to(DRIVER "/bind", "refdrv.0"), 0);
	}
	for (int i = 0; i < 3; i++) {
		kill(children[i], SIGKILL);
		ck_assert_int_eq(waitpid(children[i], NULL, 0), children[i]);
	}
}
END_TEST

START_TEST(keeps_commands_over_suspend)
{
	char data[4];

	set_latency("1000");
	ck_assert_int_eq(write(fd, "abc", 4), 4);
	ck_assert_int_eq(write_to("/sys/class/rtc/rtc0/wakealarm", "+6"), 0);
	ck_assert_int_eq(write_to("/sys/power/state", "mem"), 0);
	ck_assert_int_eq(read(fd, data, 4), 4);
	ck_assert_str_eq(data, "abc");
}
END_TEST

START_TEST(leaves_nothing_behind)
{
	_fclose_ FILE *devices = NULL;
	char line[128];

	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(load("instances=16"), 0);
		ck_assert(exists("/dev/refdrv15"));
		ck_assert_int_eq(unload(), 0);
	}
	ck_assert(!exists(NODE));
	ck_assert(!exists(CLASS));
	ck_assert(!exists(DRIVER));
	ck_assert(!exists("/sys/devices/platform/refdrv.0"));
	ck_assert(!exists("/sys/kernel/slab/refdrv_command"));
	devices = fopen("/proc/devices", "re");
	ck_assert_ptr_nonnull(devices);
	while (fgets(line, sizeof(line), devices))
		ck_assert_ptr_null(strstr(line, "refdrv"));
}
END_TEST

START_TEST(refuses_impossible_numbers_of_instances)
{
	ck_assert_int_eq(load("instances=0"), -EINVAL);
	ck_assert_int_eq(load("instances=17"), -EINVAL);
	ck_assert(!exists(CLASS));
}
END_TEST

START_TEST(release_says_nothing)
{
	static char text[1 << 20];
	int n;

	ck_assert_int_ge(klogctl(5, NULL, 0), 0);
	load_and_open();
	status();
	close_and_unload();
	n = klogctl(3, text, sizeof(text) - 1);
	ck_assert_int_ge(n, 0);
	text[n] = 0;
	ck_assert_msg(!strstr(text, "refdrv"), "the kernel log has: %s", text);
}
END_TEST

static int inside(void)
{
	Suite *suite = suite_create("the reference driver at work");
	TCase *open_case = tcase_create("open"), *unloaded = tcase_create("unloaded");

	mkdir("/tmp", 0777);
	tcase_add_checked_fixture(open_case, load_and_open, close_and_unload);
	tcase_set_timeout(open_case, 300);
	tcase_add_test(open_case, structures_have_one_layout);
	tcase_add_test(open_case, status_is_filled_to_the_last_byte);
	tcase_add_test(open_case, read_does_not_wait_for_nothing);
	tcase_add_test(open_case, gives_back_what_was_written);
	tcase_add_test(open_case, inverts_and_adds);
	tcase_add_test(open_case, refuses_what_it_does_not_know);
	tcase_add_test(open_case, bad_address_leaves_nothing_outstanding);
	tcase_add_test(open_case, full_file_takes_no_more_until_read);
	tcase_add_test(open_case, discards_results);
	tcase_add_test(open_case, closing_does_not_wait_for_commands);
	tcase_add_test(open_case, maps_one_page_that_stays_read_only);
	tcase_add_test(open_case, latency_has_its_bounds);
	tcase_add_test(open_case, is_not_unloaded_while_open);
	tcase_add_test(open_case, file_outlives_its_device);
	tcase_add_test(open_case, unbinds_under_fire);
	tcase_add_test(open_case, keeps_commands_over_suspend);
	suite_add_tcase(suite, open_case);
	tcase_set_timeout(unloaded, 300);
	tcase_add_test(unloaded, refuses_impossible_numbers_of_instances);
	tcase_add_test(unloaded, leaves_nothing_behind);
	tcase_add_test(unloaded, release_says_nothing);
	suite_add_tcase(suite, unloaded);
	return run_suite(suite);
}

/* On the host: BUILD/bin/bookend, seen from BUILD/tests/reference-driver/check_refdrv. */
static int outside(char *self)
{
	char place[PATH_MAX], bookend[PATH_MAX + 16];
	char *const words[] = {
		bookend,
		"vm",
		"run",
		"--file",
		"build/reference-driver/release" MODULE ":" MODULE,
		"--timeout",
		"10m",
		"--append",
		"slub_debug=FZP",
		"--",
		self,
		"inside",
		NULL,
	};

	snprintf(place, sizeof(place), "%s", self);
	snprintf(bookend, sizeof(bookend), "%s/bin/bookend",
		 dirname(dirname(dirname(place))));
	execv(bookend, words);
	perror(bookend);
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	_free_ char *self = realpath("/proc/self/exe", NULL);

	if (argc > 1 && !strcmp(argv[1], "inside"))
		return inside();
	return self ? outside(self) : EXIT_FAILURE;
}
