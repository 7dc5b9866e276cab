"""--web.config.file: who gets in and who does not, asked by curl (OpenSSL) with certificates that openssl made."""

import re
import socket
import ssl
import unittest

from certificates import Authority
from exporter import Exporter
from support import BINARY, CONFIG, NO_PINS, TestCase, run

# From the test vectors of bcrypt's authors: the password is "U*U".
HASH = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
# exporter-toolkit's "fakepassword", at the usual cost.
OTHER_HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
TLS = "tls_server_config:\n  cert_file: server.crt\n  key_file: server.key\n"
MUTUAL = TLS + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: authority.crt\n"
USERS = f"basic_auth_users: {{ alice: {HASH} }}\n"
# Debian's OpenSSL speaks the old versions only when told that no security is wanted.
OLD_CLIENT = ("--tls-max", "1.1", "--tlsv1.0", "--ciphers", "DEFAULT@SECLEVEL=0")
PATHS = ("/", "/metrics", "/metrics/gateway", "/-/healthy", "/-/ready", "/nothing")


class WebConfig(TestCase):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.dir)
        self.server = self.authority.issue("server", "serverAuth", "IP:127.0.0.1")
        self.client = self.authority.issue("client", "clientAuth", "DNS:prometheus.example,IP:10.0.0.7")

    def serve(self, config):
        self.config = self.write("web.yml", config)
        process = self.start("exporter", [BINARY, "run", "--config", CONFIG, "--web.listen-address", "127.0.0.1:0", *NO_PINS,
                                          "--web.config.file", self.config])
        self.exporter = Exporter(process)
        self.port = re.search(r"port=(\d+)", process.output())[1]
        self.scheme = "https" if "tls=true" in process.output() else "http"

    def curl(self, *options, path="/-/healthy", client=None):
        """HTTP status and body; the status is 0 where the connection came to nothing."""
        identity = ("--cert", client[0], "--key", client[1]) if client else ()
        trust = ("--cacert", self.authority.certificate) if self.scheme == "https" else ()
        done = run("curl", "-sS", "-m", "20", "-w", "\n%{http_code}", *trust, *identity, *options,
                   f"{self.scheme}://127.0.0.1:{self.port}{path}", check=False)
        body, _, status = done.stdout.rpartition("\n")
        return int(status), body

    def assert_healthy(self, *options, **more):
        self.assertEqual(self.curl(*options, **more), (200, "healthy\n"))

    def assert_refused(self, *options, **more):
        self.assertEqual(self.curl(*options, **more), (0, ""))

    def check_bad_file(self, config, expected):
        path = self.write("bad.yml", config)
        done = run(BINARY, "run", "--config", CONFIG, "--web.listen-address", "127.0.0.1:0", *NO_PINS, "--web.config.file", path,
                   check=False)
        self.assertEqual((done.returncode, done.stdout + done.stderr), (2, expected.format(path=path, dir=self.dir) + "\n"))

    def test_tls(self):
        self.serve(TLS)
        self.assert_healthy()
        self.assert_healthy("--tls-max", "1.2")
        self.assert_healthy("--tlsv1.3")
        self.assert_refused(*OLD_CLIENT)
        plain = run("curl", "-sS", "-m", "20", f"http://127.0.0.1:{self.port}/-/healthy", check=False)
        self.assertNotIn("healthy", plain.stdout)
        self.assert_healthy()

    def test_old_versions_where_they_are_asked_for(self):
        self.serve(TLS + "  min_version: TLS10\n  max_version: TLS11\n")
        self.assert_healthy(*OLD_CLIENT)
        self.assert_refused("--tlsv1.2")

    def test_versions_suites_and_curves(self):
        self.serve(TLS + "  min_version: TLS12\n  max_version: TLS12\n"
                         "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]\n  curve_preferences: [CurveP384]\n")
        self.assert_refused("--tlsv1.3")
        self.assert_healthy("--ciphers", "ECDHE-RSA-AES256-GCM-SHA384", "--curves", "P-384")
        self.assert_refused("--ciphers", "ECDHE-RSA-AES128-GCM-SHA256")
        self.assert_refused("--ciphers", "ECDHE-RSA-CHACHA20-POLY1305")
        self.assert_refused("--curves", "X25519")

    def test_required_client_certificates(self):
        self.serve(MUTUAL)
        self.assert_healthy(client=self.client)
        self.assert_healthy("--tls-max", "1.2", client=self.client)
        self.assert_refused()
        self.assert_refused("--tls-max", "1.2")
        self.assert_refused(client=self.server)  # of the right authority, but made for servers
        strangers = self.dir / "strangers"
        strangers.mkdir()
        stranger = Authority(strangers).issue("client", "clientAuth", "DNS:prometheus.example")
        self.assert_refused(client=stranger)
        self.assert_refused(client=self.authority.issue("expired", "clientAuth", "DNS:prometheus.example", days=-1))
        self.assert_healthy(client=self.client)

    def test_allowed_names(self):
        self.serve(MUTUAL + "  client_allowed_sans: [prometheus.example]\n")
        self.assert_healthy(client=self.client)
        self.assert_refused(client=self.authority.issue("other", "clientAuth", "DNS:other.example"))
        self.write("web.yml", MUTUAL + "  client_allowed_sans: [10.0.0.7]\n")
        self.assert_healthy(client=self.client)
        self.write("web.yml", MUTUAL + "  client_allowed_sans: [10.0.0.8]\n")
        self.assert_refused(client=self.client)

    def test_other_policies(self):
        strangers = self.dir / "strangers"
        strangers.mkdir()
        stranger = Authority(strangers).issue("client", "clientAuth", "DNS:prometheus.example")
        self.serve(TLS + "  client_auth_type: RequireAnyClientCert\n")
        self.assert_refused()
        self.assert_healthy(client=stranger)
        self.write("web.yml", TLS + "  client_auth_type: VerifyClientCertIfGiven\n  client_ca_file: authority.crt\n")
        self.assert_healthy()
        self.assert_healthy(client=self.client)
        self.assert_refused(client=stranger)
        self.write("web.yml", TLS + "  client_auth_type: RequestClientCert\n")
        self.assert_healthy()
        self.assert_healthy(client=stranger)

    def test_passwords(self):
        self.serve(USERS + "http_server_config: { headers: { X-Frame-Options: deny } }\n")
        for path in PATHS:
            self.assertEqual(self.curl(path=path), (401, "Unauthorized\n"), path)
            self.assertEqual(self.curl("-u", "alice:wrong", path=path)[0], 401, path)
            self.assertEqual(self.curl("-u", "eve:U*U", path=path)[0], 401, path)
        self.assert_healthy("-u", "alice:U*U")
        self.assertEqual(self.curl("-u", "alice:U*U", path="/nothing")[0], 404)
        _, headers = self.curl("-i", "-u", "alice:wrong")
        self.assertIn("\nWWW-Authenticate: Basic\n", headers)
        self.assertIn("\nX-Frame-Options: deny\n", headers)

    def test_everything_at_once(self):
        self.serve(MUTUAL + USERS)
        self.assert_healthy("-u", "alice:U*U", client=self.client)
        self.assert_refused("-u", "alice:U*U")
        self.assertEqual(self.curl("-u", "alice:wrong", client=self.client), (401, "Unauthorized\n"))

    def served_certificate(self):
        return ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate(("127.0.0.1", int(self.port))))

    def test_files_are_read_again(self):
        self.serve(TLS + USERS)
        before = self.served_certificate()
        self.server = self.authority.issue("server", "serverAuth", "IP:127.0.0.1")
        expected = ssl.PEM_cert_to_DER_cert(self.server[0].read_text())
        self.assertNotEqual(before, expected)
        self.assertEqual(self.served_certificate(), expected)

        self.write("web.yml", TLS + f"basic_auth_users: {{ bob: {OTHER_HASH} }}\n")
        self.assertEqual(self.curl("-u", "alice:U*U")[0], 401)
        self.assert_healthy("-u", "bob:fakepassword")

        # A wrong file changes nothing, and the log says what is wrong; so does a key that does not fit yet.
        self.write("web.yml", "nonsense: 1\n")
        self.assert_healthy("-u", "bob:fakepassword")
        self.exporter.wait_log("web.yml:1:1: the file: unknown key")
        self.write("web.yml", USERS)
        self.assert_healthy("-u", "bob:fakepassword")
        self.exporter.wait_log("restart the exporter to change between HTTP and HTTPS")
        self.write("web.yml", TLS + f"basic_auth_users: {{ bob: {OTHER_HASH} }}\n")
        self.client[1].replace(self.server[1])
        self.assert_healthy("-u", "bob:fakepassword")
        self.exporter.wait_log("reading certificate")
        self.assertEqual(self.served_certificate(), expected)

    def test_a_thousand_connections(self):
        self.serve(TLS)
        silent = [socket.create_connection(("127.0.0.1", int(self.port))) for _ in range(1000)]
        try:
            half = len(silent) // 2
            for connection in silent[:half]:
                connection.send(b"\x16\x03\x01")  # begins a handshake
            # Places are free again once the silent ones have had their ten seconds.
            self.assert_healthy("-m", "60")
            self.assertEqual(self.curl(path="/metrics")[0], 200)
        finally:
            for connection in silent:
                connection.close()

    def test_bad_files(self):
        self.check_bad_file("tls_server_config: { cert_file: a, key_file: b }\nbasic_auth: {}\n",
                            '{path}:2:1: the file: unknown key "basic_auth"; allowed: tls_server_config, http_server_config, '
                            "basic_auth_users; did you mean \"basic_auth_users\"?")
        self.check_bad_file("tls_server_config: { cert_file: server.crt, key_file: client.key }\n",
                            "{path}: reading certificate {dir}/server.crt and key {dir}/client.key: The certificate and the "
                            "given key do not match.")


if __name__ == "__main__":
    unittest.main()
