/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables of kernel interfaces, as kpi-pack writes them, and look-ups in what was read. */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/error.h"
#include "linter/apple/kpi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("kpi", MFD_CLOEXEC);
	struct kpi_availability found;
	struct kpi *kpi = NULL;
	char path[40];

	if (fd < 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (write(fd, data, size) == (ssize_t)size)
		error_destroy(kpi_create(path, &kpi));
	for (size_t i = 0; kpi && i < kpi->symbol_count; i++) {
		kpi_find(kpi, kpi->symbols[i].name, &found);
		kpi_find_single(kpi, kpi->symbols[i].name);
	}
	kpi_destroy(kpi);
	close(fd);
	return 0;
}
