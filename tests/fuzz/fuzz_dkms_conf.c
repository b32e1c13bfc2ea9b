/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/error.h"
#include "readers/dkms_conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(dkms_conf_destroy) struct dkms_conf *conf = NULL;

	error_destroy(dkms_conf_create((struct span){ data, size }, &conf));
	if (conf)
		dkms_conf_find(conf, "PACKAGE_NAME", dkms_conf_length(conf, "MAKE"));
	return 0;
}
