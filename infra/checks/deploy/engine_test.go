package deploy

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"related-ro/infra/checks/tools"
	"related-ro/infra/local/stack"
)

const (
	// ministack emulates AWS; cryptography enables its gateway to verify token signatures.
	ministack    = "ministack==1.5.33"
	cryptography = "cryptography==50.0.2"

	region = "us-east-1"
	// bucket stores the functions' code and the templates.
	bucket = "code"
)

// engine is a running AWS emulator and an HTTP client for it.
type engine struct {
	server *tools.Server
	url    string
	host   string // host of url
	client *http.Client
	cert   tls.Certificate
}

// startEngine installs the engine below cache if necessary, and starts it with IAM enforced and
// TLS.
func startEngine(ctx context.Context, cache, scratch string) (*engine, error) {
	venv := filepath.Join(cache, strings.ReplaceAll(ministack, "==", "-"))
	if err := tools.Once(ctx, venv, tools.Python(ministack, cryptography)); err != nil {
		return nil, fmt.Errorf("%w: %w", errUnavailable, err)
	}
	port, err := tools.FreePort(ctx)
	if err != nil {
		return nil, err
	}
	e := &engine{host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	e.url = "https://" + e.host
	certificate, key, err := e.certify(scratch)
	if err != nil {
		return nil, err
	}
	environment := []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + scratch, "TMPDIR=" + scratch,
		"AUTH=true", "USE_SSL=1", "MINISTACK_SSL_CERT=" + certificate, "MINISTACK_SSL_KEY=" + key,
		// Makes the engine, which calls the issuer, and the functions trust the certificate.
		"SSL_CERT_FILE=" + certificate,
		"AWS_ENDPOINT_URL=" + e.url, "MINISTACK_HOST=127.0.0.1", "BIND_HOST=127.0.0.1", "GATEWAY_PORT=" + strconv.Itoa(port),
		"IOT_MTLS_ENABLED=0", "SFTP_ENABLED=0",
	}
	e.server, err = tools.Serve(ctx, tools.Command{
		Arguments: []string{filepath.Join(venv, "bin", "ministack")}, Environment: environment,
		URL: e.url + "/_ministack/health", Client: e.client, Log: filepath.Join(cache, "ministack.log"),
	})
	return e, err
}

// certify creates a certificate for 127.0.0.1 that e.client trusts, and returns the files of the
// certificate and its key.
func (e *engine) certify(scratch string) (certificate, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "related-ro"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	signed, err := x509.CreateCertificate(rand.Reader, form, form, &private.PublicKey, private)
	if err != nil {
		return "", "", err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	certificate, key = filepath.Join(scratch, "cert.pem"), filepath.Join(scratch, "key.pem")
	for path, block := range map[string]*pem.Block{
		certificate: {Type: "CERTIFICATE", Bytes: signed}, key: {Type: "PRIVATE KEY", Bytes: encoded},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			return "", "", err
		}
	}
	if e.cert, err = tls.LoadX509KeyPair(certificate, key); err != nil {
		return "", "", err
	}
	trusted := x509.NewCertPool()
	parsed, err := x509.ParseCertificate(signed)
	if err != nil {
		return "", "", err
	}
	trusted.AddCert(parsed)
	e.client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}, Timeout: time.Minute}
	return certificate, key, nil
}

// owner returns the credentials of the account's root user, who creates the stacks.
func owner() aws.Credentials { return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"} }

// config returns a client configuration with these credentials.
func (e *engine) config(credentials aws.Credentials) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: &e.url, HTTPClient: e.client,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return credentials, nil }),
	}
}

// put writes an object or, if key is empty, creates the bucket.
func (e *engine) put(ctx context.Context, key string, content []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, e.url+"/"+bucket+"/"+key, bytes.NewReader(content))
	if err != nil {
		return err
	}
	digest := sha256.Sum256(content)
	hash := hex.EncodeToString(digest[:])
	request.Header.Set("X-Amz-Content-Sha256", hash)
	if err := v4.NewSigner().SignHTTP(ctx, owner(), request, hash, "s3", region, time.Now()); err != nil {
		return err
	}
	response, err := e.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(response.Body)
		return fmt.Errorf("put %s/%s: %s: %s", bucket, key, response.Status, said)
	}
	return nil
}

// upload builds the functions, packs them as SAM does, and uploads each to the location that the
// translated template names.
func (e *engine) upload(ctx context.Context, scratch string) error {
	binaries := filepath.Join(scratch, "functions")
	if err := stack.Build(ctx, root, binaries); err != nil {
		return err
	}
	if err := e.put(ctx, "", nil); err != nil {
		return err
	}
	folders, err := os.ReadDir(binaries)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		name := folder.Name()
		binary, err := os.ReadFile(filepath.Join(binaries, name))
		if err != nil {
			return err
		}
		packed, err := pack(binary)
		if err != nil {
			return err
		}
		if err := e.put(ctx, strings.ToUpper(name[:1])+name[1:]+"Function.zip", packed); err != nil {
			return err
		}
	}
	return nil
}

// pack returns a zip file with the binary as bootstrap.
func pack(binary []byte) ([]byte, error) {
	var packed bytes.Buffer
	archive := zip.NewWriter(&packed)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Store}
	header.SetMode(0o755)
	file, err := archive.CreateHeader(header)
	if err != nil {
		return nil, err
	}
	if _, err := file.Write(binary); err != nil {
		return nil, err
	}
	err = archive.Close()
	return packed.Bytes(), err
}
