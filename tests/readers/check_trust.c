/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <gnutls/abstract.h>
#include <gnutls/pkcs7.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/file.h"
#include "readers/trust.h"
#include "tests/check_main.h"

static char folder[] = "/tmp/bookend-trust-XXXXXX";
static uint8_t module[1000];

struct signer {
	gnutls_x509_privkey_t key;
	gnutls_x509_crt_t certificate;
	char path[128]; /* of the certificate */
};

static struct signer ours, other;

static void write_certificate(struct signer *s, const char *name,
			      gnutls_x509_crt_fmt_t format)
{
	gnutls_datum_t out;

	snprintf(s->path, sizeof(s->path), "%s/%s", folder, name);
	ck_assert_int_eq(gnutls_x509_crt_export2(s->certificate, format, &out), 0);
	ck_assert_ok(file_write(s->path, out.data, out.size, 0644));
	gnutls_free(out.data);
}

static void make_signer(struct signer *s, const char *name, uint8_t serial)
{
	gnutls_x509_privkey_init(&s->key);
	ck_assert_int_eq(gnutls_x509_privkey_generate(s->key, GNUTLS_PK_RSA, 2048, 0), 0);
	gnutls_x509_crt_init(&s->certificate);
	gnutls_x509_crt_set_version(s->certificate, 3);
	gnutls_x509_crt_set_serial(s->certificate, &serial, 1);
	gnutls_x509_crt_set_dn_by_oid(s->certificate, GNUTLS_OID_X520_COMMON_NAME, 0,
				      name, (unsigned int)strlen(name));
	gnutls_x509_crt_set_activation_time(s->certificate, time(NULL));
	gnutls_x509_crt_set_expiration_time(s->certificate, time(NULL) + 60);
	gnutls_x509_crt_set_key(s->certificate, s->key);
	ck_assert_int_eq(gnutls_x509_crt_sign2(s->certificate, s->certificate, s->key,
					       GNUTLS_DIG_SHA256, 0),
			 0);
	write_certificate(s, name, GNUTLS_X509_FMT_PEM);
}

/* Keys are made once: it takes a second. */
static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	make_signer(&ours, "ours", 1);
	make_signer(&other, "other", 2);
	for (size_t i = 0; i < sizeof(module); i++)
		module[i] = (uint8_t)i;
}

static void teardown(void)
{
	ck_assert_ok(file_remove_tree(folder));
}

/* What scripts/sign-file appends; @time adds signed attributes. */
static struct span sign(const struct signer *s, bool attributes)
{
	gnutls_datum_t data = { module, sizeof(module) }, out;
	gnutls_privkey_t key;
	gnutls_pkcs7_t message;

	gnutls_privkey_init(&key);
	gnutls_privkey_import_x509(key, s->key, GNUTLS_PRIVKEY_IMPORT_COPY);
	gnutls_pkcs7_init(&message);
	ck_assert_int_eq(gnutls_pkcs7_sign(message, s->certificate, key, &data, NULL,
					   NULL, GNUTLS_DIG_SHA256,
					   attributes ? GNUTLS_PKCS7_INCLUDE_TIME : 0),
			 0);
	ck_assert_int_eq(gnutls_pkcs7_export2(message, GNUTLS_X509_FMT_DER, &out), 0);
	gnutls_pkcs7_deinit(message);
	gnutls_privkey_deinit(key);
	return (struct span){ out.data, out.size };
}

static enum trust_verdict verify(const char *path, struct span pkcs7, size_t size)
{
	_cleanup_(trust_destroy) struct trust *trust = NULL;
	enum trust_verdict verdict;
	const char *why;

	ck_assert_ok(trust_create(path, &trust));
	ck_assert_ok(trust_verify(trust, pkcs7, (struct span){ module, size }, &verdict,
				  &why));
	return verdict;
}

START_TEST(a_signature_is_of_its_bytes_and_key)
{
	struct span pkcs7 = sign(&ours, _i);

	ck_assert_int_eq(verify(ours.path, pkcs7, sizeof(module)), TRUST_GOOD);
	ck_assert_int_eq(verify(ours.path, pkcs7, sizeof(module) - 1), TRUST_ALTERED);
	ck_assert_int_eq(verify(other.path, pkcs7, sizeof(module)), TRUST_UNKNOWN_KEY);
	pkcs7.size /= 2;
	ck_assert_int_eq(verify(ours.path, pkcs7, sizeof(module)), TRUST_UNREADABLE);
}
END_TEST

START_TEST(a_digest_in_the_message_needs_no_certificate)
{
	struct span bytes = { module, sizeof(module) }, fewer = { module, 999 };
	enum trust_verdict verdict;

	ck_assert_ok(trust_compare_digest(sign(&ours, true), bytes, &verdict));
	ck_assert_int_eq(verdict, TRUST_UNKNOWN_KEY);
	ck_assert_ok(trust_compare_digest(sign(&ours, true), fewer, &verdict));
	ck_assert_int_eq(verdict, TRUST_ALTERED);
	ck_assert_ok(trust_compare_digest(sign(&ours, false), fewer, &verdict));
	ck_assert_int_eq(verdict, TRUST_UNKNOWN_KEY);
}
END_TEST

START_TEST(certificates_built_into_a_kernel_are_found)
{
	_cleanup_(trust_destroy) struct trust *trust = NULL;
	struct signer packed[] = { ours, other };
	char path[160], image[8192] = "\177ELF";
	size_t at = 100;

	for (size_t i = 0; i < 2; i++) {
		_mapping_ struct mapping der = { 0 };

		write_certificate(&packed[i], i ? "2.der" : "1.der", GNUTLS_X509_FMT_DER);
		ck_assert_ok(file_map(packed[i].path, &der));
		memcpy(image + at, der.bytes.data, der.bytes.size);
		at += der.bytes.size;
	}
	snprintf(path, sizeof(path), "%s/vmlinux", folder);
	ck_assert_ok(file_write(path, image, at, 0644));
	ck_assert_ok(trust_create(path, &trust));
	ck_assert_uint_eq(trust_count(trust), 2);
	ck_assert_int_eq(verify(path, sign(&other, false), sizeof(module)), TRUST_GOOD);
	/* the last one is cut */
	ck_assert_ok(file_write(path, image, at - 1, 0644));
	ck_assert_int_eq(verify(path, sign(&other, false), sizeof(module)),
			 TRUST_UNKNOWN_KEY);
}
END_TEST

START_TEST(a_file_without_certificate_is_refused)
{
	struct trust *trust;
	char path[160];

	snprintf(path, sizeof(path), "%s/text", folder);
	ck_assert_ok(file_write(path, "-----BEGIN PRIVATE KEY-----\n", 28, 0644));
	ck_assert_fails(trust_create(path, &trust), "holds no certificate");
	ck_assert_ok(file_write(path, "", 0, 0644));
	ck_assert_fails(trust_create(path, &trust), "holds no certificate");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trust");
	TCase *tcase = tcase_create("trust");

	tcase_set_timeout(tcase, 120);
	tcase_add_unchecked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, a_signature_is_of_its_bytes_and_key, 0, 2);
	tcase_add_test(tcase, a_digest_in_the_message_needs_no_certificate);
	tcase_add_test(tcase, certificates_built_into_a_kernel_are_found);
	tcase_add_test(tcase, a_file_without_certificate_is_refused);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
