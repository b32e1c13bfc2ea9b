/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readers/trust.h"

#include <gnutls/crypto.h>
#include <gnutls/pkcs7.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/array.h"
#include "common/error.h"
#include "common/file.h"
#include "readers/kernel_image.h"

static const char digest_attribute[] = "1.2.840.113549.1.9.4"; /* RFC 5652, 11.2 */

struct trust {
	gnutls_x509_crt_t *certificates;
	size_t count, capacity;
};

static gnutls_datum_t datum(struct span s)
{
	return (gnutls_datum_t){ (unsigned char *)s.data, (unsigned int)s.size };
}

/* Takes @certificate. */
static struct error *add(struct trust *trust, gnutls_x509_crt_t certificate)
{
	if (!array_grow(trust->certificates, trust->count, trust->capacity)) {
		gnutls_x509_crt_deinit(certificate);
		return error_nomem();
	}
	trust->certificates[trust->count++] = certificate;
	return NULL;
}

static struct error *add_der(struct trust *trust, struct span der)
{
	gnutls_datum_t data = datum(der);
	gnutls_x509_crt_t certificate;

	if (gnutls_x509_crt_init(&certificate))
		return error_nomem();
	if (gnutls_x509_crt_import(certificate, &data, GNUTLS_X509_FMT_DER)) {
		gnutls_x509_crt_deinit(certificate);
		return NULL;
	}
	return add(trust, certificate);
}

static struct error *add_pem(struct trust *trust, struct span pem)
{
	gnutls_datum_t data = datum(pem);
	gnutls_x509_crt_t *list = NULL;
	struct error *error = NULL;
	unsigned int count = 0;

	if (gnutls_x509_crt_list_import2(&list, &count, &data, GNUTLS_X509_FMT_PEM, 0) <
	    0)
		return NULL;
	for (unsigned int i = 0; i < count; i++) {
		if (error)
			gnutls_x509_crt_deinit(list[i]);
		else
			error = add(trust, list[i]);
	}
	gnutls_free(list);
	return error;
}

/* The bytes of a DER SEQUENCE with a length of two bytes at @at, or none. */
static bool sequence_at(struct span s, size_t at, struct span *ret)
{
	if (at + 4 > s.size || s.data[at] != 0x30 || s.data[at + 1] != 0x82)
		return false;
	return span_slice(s, at, 4 + (s.data[at + 2] << 8 | s.data[at + 3]), ret);
}

/*
 * Certificates that are built in lie one behind the other (certs/system_certificates.S).
 * Each begins with two sequences and [0] { INTEGER 2 }: version 3 (RFC 5280, 4.1).
 */
static struct error *add_built_in(struct trust *trust, struct span image)
{
	static const uint8_t version[] = { 0xa0, 0x03, 0x02, 0x01, 0x02 };
	const uint8_t *p = image.data, *end = image.data + image.size;
	struct error *error = NULL;

	while (!error && (p = memmem(p, end - p, version, sizeof(version)))) {
		size_t at = p - image.data;
		struct span whole, body;

		p += sizeof(version);
		if (at >= 8 && sequence_at(image, at - 8, &whole) &&
		    sequence_at(image, at - 4, &body) && body.size < whole.size)
			error = add_der(trust, whole);
	}
	return error;
}

static struct error *add_image(struct trust *trust, const char *path, struct span bytes)
{
	_content_ struct content image = { 0 };
	struct error *error = kernel_image_open(path, bytes, &image);

	return error ? error : add_built_in(trust, image.bytes);
}

static bool is_image(struct span bytes)
{
	return span_starts_with(bytes, "\177ELF", 4) || kernel_image_is_packed(bytes);
}

struct error *trust_create(const char *path, struct trust **ret)
{
	_cleanup_(trust_destroy) struct trust *trust = calloc(1, sizeof(*trust));
	_mapping_ struct mapping file = { 0 };
	struct error *error = trust ? file_map(path, &file) : error_nomem();

	if (error)
		return error;
	if (is_image(file.bytes))
		error = add_image(trust, path, file.bytes);
	else if (memmem(file.bytes.data, file.bytes.size, "-----BEGIN ", 11))
		error = add_pem(trust, file.bytes);
	else
		error = add_der(trust, file.bytes);
	if (!error && !trust->count)
		error = error_new(ERROR_INPUT,
				  "%s holds no certificate: give an X.509 certificate "
				  "(PEM or DER), or a kernel image with built-in ones",
				  path);
	if (error)
		return error;
	*ret = take(trust);
	return NULL;
}

void trust_destroy(struct trust *trust)
{
	if (!trust)
		return;
	for (size_t i = 0; i < trust->count; i++)
		gnutls_x509_crt_deinit(trust->certificates[i]);
	free(trust->certificates);
	free(trust);
}

size_t trust_count(const struct trust *trust)
{
	return trust->count;
}

static bool same(gnutls_datum_t a, const void *bytes, size_t size)
{
	return a.size && a.size == size && !memcmp(a.data, bytes, size);
}

/* By issuer and serial number, or by key id: what the message names its signer with. */
static bool is_signer(gnutls_x509_crt_t certificate,
		      const gnutls_pkcs7_signature_info_st *info)
{
	unsigned char bytes[256];
	size_t size = sizeof(bytes);
	gnutls_datum_t issuer = { 0 };
	bool result;

	if (info->issuer_keyid.size)
		return !gnutls_x509_crt_get_subject_key_id(certificate, bytes, &size,
							   NULL) &&
		       same(info->issuer_keyid, bytes, size);
	if (gnutls_x509_crt_get_serial(certificate, bytes, &size) ||
	    !same(info->signer_serial, bytes, size) ||
	    gnutls_x509_crt_get_raw_issuer_dn(certificate, &issuer))
		return false;
	result = same(info->issuer_dn, issuer.data, issuer.size);
	gnutls_free(issuer.data);
	return result;
}

static enum trust_verdict judge(gnutls_pkcs7_t message, gnutls_x509_crt_t certificate,
				struct span signed_bytes, const char **why)
{
	gnutls_datum_t data = datum(signed_bytes);
	int status = gnutls_pkcs7_verify_direct(
		message, certificate, 0, &data,
		GNUTLS_VERIFY_ALLOW_BROKEN | GNUTLS_VERIFY_DISABLE_TIME_CHECKS);

	if (!status)
		return TRUST_GOOD;
	if (status == GNUTLS_E_PK_SIG_VERIFY_FAILED)
		return TRUST_ALTERED;
	*why = gnutls_strerror(status);
	return TRUST_UNREADABLE;
}

/* Whether a digest that signed attributes name differs from the bytes'. */
static bool digest_differs(const gnutls_pkcs7_signature_info_st *info,
			   struct span signed_bytes)
{
	enum { HEADER = 2, OCTET_STRING = 4 };
	gnutls_digest_algorithm_t algorithm = gnutls_sign_get_hash_algorithm(info->algo);
	unsigned char digest[64];
	unsigned int size = gnutls_hash_get_len(algorithm);
	bool differs = false;

	if (!size || size > sizeof(digest) ||
	    gnutls_hash_fast(algorithm, signed_bytes.data, signed_bytes.size, digest))
		return false;
	for (unsigned int i = 0; !differs; i++) {
		gnutls_datum_t value = { 0 };
		char *oid;

		if (gnutls_pkcs7_get_attr(info->signed_attrs, i, &oid, &value, 0))
			break;
		differs = !strcmp(oid, digest_attribute) &&
			  (value.size != HEADER + size || value.data[0] != OCTET_STRING ||
			   memcmp(value.data + HEADER, digest, size));
		gnutls_free(value.data);
	}
	return differs;
}

/* What both questions begin with: false in *ok, and @why, when it cannot be read. */
static struct error *open_message(struct span pkcs7, gnutls_pkcs7_t *message,
				  gnutls_pkcs7_signature_info_st *info, bool *ok,
				  const char **why)
{
	gnutls_datum_t data = datum(pkcs7);
	int status;

	*ok = false;
	if (gnutls_pkcs7_init(message))
		return error_nomem();
	status = gnutls_pkcs7_import(*message, &data, GNUTLS_X509_FMT_DER);
	if (!status)
		status = gnutls_pkcs7_get_signature_info(*message, 0, info);
	if (!status) {
		*ok = true;
		return NULL;
	}
	*why = gnutls_strerror(status);
	gnutls_pkcs7_deinit(*message);
	return NULL;
}

struct error *trust_verify(const struct trust *trust, struct span pkcs7,
			   struct span signed_bytes, enum trust_verdict *ret,
			   const char **why)
{
	gnutls_pkcs7_signature_info_st info = { 0 };
	enum trust_verdict verdict = TRUST_UNKNOWN_KEY;
	gnutls_pkcs7_t message;
	struct error *error;
	bool ok;

	*why = NULL;
	error = open_message(pkcs7, &message, &info, &ok, why);
	if (error)
		return error;
	if (!ok) {
		*ret = TRUST_UNREADABLE;
		return NULL;
	}
	for (size_t i = 0; i < trust->count && verdict != TRUST_GOOD; i++)
		if (is_signer(trust->certificates[i], &info))
			verdict =
				judge(message, trust->certificates[i], signed_bytes, why);
	gnutls_pkcs7_signature_info_deinit(&info);
	gnutls_pkcs7_deinit(message);
	*ret = verdict;
	return NULL;
}

struct error *trust_compare_digest(struct span pkcs7, struct span signed_bytes,
				   enum trust_verdict *ret)
{
	gnutls_pkcs7_signature_info_st info = { 0 };
	gnutls_pkcs7_t message;
	struct error *error;
	const char *why;
	bool ok;

	error = open_message(pkcs7, &message, &info, &ok, &why);
	if (error)
		return error;
	*ret = ok ? TRUST_UNKNOWN_KEY : TRUST_UNREADABLE;
	if (!ok)
		return NULL;
	if (digest_differs(&info, signed_bytes))
		*ret = TRUST_ALTERED;
	gnutls_pkcs7_signature_info_deinit(&info);
	gnutls_pkcs7_deinit(message);
	return NULL;
}
