/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Certificates that a module's signature is held against, and the verdict. GnuTLS reads
 * the certificates and the PKCS#7 message (RFC 2315, RFC 5652) and does the arithmetic.
 */
#pragma once

#include <stddef.h>

#include "common/cleanup.h"
#include "common/span.h"

struct trust;

enum trust_verdict {
	TRUST_GOOD,
	TRUST_ALTERED,	   /* by a key that is known, over other bytes than these */
	TRUST_UNKNOWN_KEY, /* by a key that no certificate has */
	TRUST_UNREADABLE,  /* the message or its algorithm is not understood */
};

/*
 * Reads certificates: PEM or DER, or all that are built into a kernel image (vmlinux,
 * bzImage), whose loader trusts exactly these. Fails when there are none.
 */
struct error *trust_create(const char *path, struct trust **ret);
void trust_destroy(struct trust *trust);
CLEANUP_DEFINE(struct trust, trust_destroy)

size_t trust_count(const struct trust *trust);

/* @why: a text for TRUST_UNREADABLE, or NULL. */
struct error *trust_verify(const struct trust *trust, struct span pkcs7,
			   struct span signed_bytes, enum trust_verdict *ret,
			   const char **why);

/*
 * The same without any certificate, for messages with signed attributes, which name the
 * digest of the bytes: TRUST_ALTERED, or TRUST_UNKNOWN_KEY when nothing speaks against
 * it.
 */
struct error *trust_compare_digest(struct span pkcs7, struct span signed_bytes,
				   enum trust_verdict *ret);
