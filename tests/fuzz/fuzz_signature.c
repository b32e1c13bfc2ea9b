/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The PKCS#7 message of a module: what is read of it, and the bytes held against it. */
#include "common/error.h"
#include "readers/ko.h"
#include "readers/trust.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span message = { data, size };
	struct ko_signature signature = { 0 };
	enum trust_verdict verdict;

	ko_signature_describe(message, &signature);
	error_destroy(trust_compare_digest(message, message, &verdict));
	return 0;
}
