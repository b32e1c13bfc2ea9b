/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs inside a target: writes one operation to /dev/leaky many times. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* operate "leak kasprintf" 1250 */
int main(int argc, char **argv)
{
	int fd = open("/dev/leaky", O_WRONLY | O_CLOEXEC);
	size_t size = argc == 3 ? strlen(argv[1]) : 0;

	if (!size || fd < 0) {
		fprintf(stderr,
			"usage: operate 'VERB KIND' COUNT, with leaky.ko loaded\n");
		return 2;
	}
	for (long i = 0; i < atol(argv[2]); i++)
		if (write(fd, argv[1], size) < 0) {
			perror(argv[1]);
			return EXIT_FAILURE;
		}
	return close(fd) ? EXIT_FAILURE : EXIT_SUCCESS;
}
