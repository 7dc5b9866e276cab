"""Certificates of a small authority, made by openssl."""

from support import run


class Authority:
    def __init__(self, folder, name="authority"):
        self.folder = folder
        self.certificate, self._key = folder / f"{name}.crt", folder / f"{name}.key"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", f"/CN={name}", "-keyout", self._key, "-out", self.certificate)

    def issue(self, name, usage, sans, days=1, key="rsa:2048"):
        """(certificate, key); a name issued again is a renewal with a new key."""
        certificate, private, request = (self.folder / f"{name}{suffix}" for suffix in (".crt", ".key", ".csr"))
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={sans}\nextendedKeyUsage={usage}\n")
        run("openssl", "req", "-newkey", key, "-nodes", "-subj", f"/CN={name}", "-keyout", private, "-out", request)
        run("openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self._key, "-CAcreateserial",
            "-days", str(days), "-extfile", extensions, "-out", certificate)
        return certificate, private
