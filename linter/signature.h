/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A module's signature held against --trust, once for all rules that ask. */
#pragma once

#include <stdbool.h>

#include "readers/ko.h"
#include "readers/trust.h"

struct linter;

struct signature_verdict {
	bool held; /* against certificates, or its own digest attribute */
	enum trust_verdict verdict;
	const char *why; /* for TRUST_UNREADABLE, or NULL */
};

struct error *signature_judge(struct linter *linter, const struct ko *ko,
			      struct signature_verdict *ret);
