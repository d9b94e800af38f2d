"""Files that c2pa-python really signed are left alone. GENERATE_MEDIA_CLIENTS=1 installs it into .cache/clients/."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from generate_media.files.label.door import LeftAlone, label_file
from label_samples import ALL, LABEL

pytestmark = pytest.mark.skipif(
    os.environ.get("GENERATE_MEDIA_CLIENTS") != "1", reason="GENERATE_MEDIA_CLIENTS=1 installs and runs real clients"
)
FOLDER = Path(__file__).parents[2] / ".cache" / "clients" / "c2pa"
KINDS = ("plain.png", "plain.jpg", "lossy.webp", "exif.webp", "landscape.mp4", "parts.mp4", "plain.mov")
TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
CREATED = {"action": "c2pa.created", "digitalSourceType": TYPE}
MANIFEST = {
    "claim_generator_info": [{"name": "a test", "version": "1"}],
    "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [CREATED]}}],
}
SIGN = """
import c2pa, sys
manifest, chain, key, source, target, remote = sys.argv[1:]
builder = c2pa.Builder(manifest)
if remote:
    builder.set_remote_url(remote)
    builder.set_no_embed()
info = c2pa.C2paSignerInfo(b"es256", chain.encode(), key.encode(), None)
builder.sign_file(source, target, c2pa.Signer.from_info(info))
"""


@pytest.fixture(scope="module")
def credentials() -> tuple[str, str]:
    """A chain of certificates as C2PA wants them (its own rules on usages), and the key, as PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    def certificate(
        name: str, mine: ec.EllipticCurvePrivateKey, issuer: ec.EllipticCurvePrivateKey
    ) -> x509.Certificate:
        is_ca = mine is issuer
        usage = dict.fromkeys(("content_commitment", "key_encipherment", "data_encipherment", "key_agreement"), False)
        usage |= dict.fromkeys(("encipher_only", "decipher_only"), False)
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "authority")]))
            .public_key(mine.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=90))
            .add_extension(x509.BasicConstraints(is_ca, None), True)
            .add_extension(
                x509.KeyUsage(digital_signature=not is_ca, key_cert_sign=is_ca, crl_sign=is_ca, **usage), True
            )
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key()), False)
        )
        if not is_ca:
            mail = x509.ExtendedKeyUsageOID.EMAIL_PROTECTION
            builder = builder.add_extension(x509.ExtendedKeyUsage([mail]), False)
        return builder.sign(issuer, hashes.SHA256())

    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    pem = serialization.Encoding.PEM
    chain = [certificate("signer", key, authority), certificate("authority", authority, authority)]
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return "".join(row.public_bytes(pem).decode() for row in chain), private.decode()


@pytest.mark.parametrize("remote", ["", "http://127.0.0.1:9/manifest.c2pa"], ids=["inside", "elsewhere"])
@pytest.mark.parametrize("name", KINDS)
def test_a_signed_file_is_left_alone(name: str, remote: str, credentials: tuple[str, str], tmp_path: Path) -> None:
    if not FOLDER.exists():
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(FOLDER), "c2pa-python"]
        subprocess.run(install, check=True)
    source, path = tmp_path / name, tmp_path / f"signed-{name}"
    source.write_bytes(ALL[name]())
    words = [json.dumps(MANIFEST), *credentials, str(source), str(path), remote]
    environ = {**os.environ, "PYTHONPATH": str(FOLDER)}
    subprocess.run([sys.executable, "-c", SIGN, *words], check=True, env=environ)
    before = path.read_bytes()
    outcome = label_file(path, LABEL)
    assert isinstance(outcome, LeftAlone)
    assert "C2PA" in outcome.reason
    assert path.read_bytes() == before
