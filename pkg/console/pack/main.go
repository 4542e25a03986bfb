// Command pack builds the files that package console serves from the sources in web. It bundles and
// minifies modules, adds a hash of the content to names, and compresses everything, so that the
// function does none of this at run time. Run it with go generate in the package's folder and
// commit the result.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	npm := flag.String("npm", "", "write the package that npm publishes into this `directory`, and change nothing else")
	version := flag.String("version", "0.0.0", "version of that package")
	flag.Parse()
	files, err := pack("web")
	switch {
	case err != nil:
	case *npm != "":
		err = publish(*npm, *version, files)
	default:
		err = write("dist", files)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// site holds the files to serve by their path relative to /console/.
type site map[string][]byte

// pack builds the site from the sources. Files in assets/ have a hash of their content in their
// names and so never change; the other files refer to them.
func pack(web string) (site, error) {
	files := site{}
	moduleAsset, shared, err := files.module(filepath.Join(web, "related-ro", "index.js"))
	if err != nil {
		return nil, err
	}
	// The console imports the elements from the same address to which related-ro.js leads hosts, so
	// that a page loads them only once.
	app, err := bundle(filepath.Join(web, "console", "app.js"), moduleAsset)
	if err != nil {
		return nil, err
	}
	documentation, err := bundle(filepath.Join(web, "console", "components.js"), moduleAsset)
	if err != nil {
		return nil, err
	}
	style, err := bundle(filepath.Join(web, "console", "console.css"), "")
	if err != nil {
		return nil, err
	}
	icon, err := os.ReadFile(filepath.Join(web, "console", "icon.svg"))
	if err != nil {
		return nil, err
	}
	refer := strings.NewReplacer(
		`="related-ro.js"`, `="`+moduleAsset+`"`,
		`="console.js"`, `="`+files.asset("console.js", app)+`"`,
		`="components.js"`, `="`+files.asset("components.js", documentation)+`"`,
		`="console.css"`, `="`+files.asset("console.css", style)+`"`,
		`="icon.svg"`, `="`+files.asset("icon.svg", icon)+`"`,
	)
	for _, page := range []string{"index.html", "components.html"} {
		source, err := os.ReadFile(filepath.Join(web, "console", page))
		if err != nil {
			return nil, err
		}
		head, body, _ := strings.Cut(string(source), "</head>") // the body may show addresses as text
		files[page] = []byte(refer.Replace(head) + "</head>" + strings.ReplaceAll(body, `src="icon.svg"`, refer.Replace(`src="icon.svg"`)))
	}
	// The module's imports are repeated here, so that a browser fetches them at the same time.
	files["related-ro.js"] = fmt.Appendf(nil, "export * from './%s';\n", moduleAsset)
	for _, part := range shared {
		files["related-ro.js"] = fmt.Appendf(files["related-ro.js"], "import './%s';\n", part)
	}
	for _, described := range []string{"related-ro.d.ts", "react.d.ts", "url.d.ts", "custom-elements.json"} {
		if files[described], err = os.ReadFile(filepath.Join(web, "related-ro", described)); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// asset adds a file to assets/, with the hash of its content in its name, and returns its path.
func (s site) asset(name string, content []byte) string {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	p := fmt.Sprintf("assets/%s-%s%s", strings.TrimSuffix(name, ext), hex.EncodeToString(sum[:5]), ext)
	s[p] = content
	return p
}

// module adds the elements' module and the parts that it loads later, such as the settings and
// further languages, as assets. It returns the module's path and the paths of the parts that it
// always needs.
func (s site) module(entry string) (asset string, shared []string, err error) {
	options := options(entry)
	options.Splitting, options.Outdir = true, "."
	options.EntryNames, options.ChunkNames = "module", "related-ro-[name]-[hash]"
	// The hashes in names must depend on the content only, not on the folder of the build.
	if options.AbsWorkingDir, err = filepath.Abs(filepath.Dir(entry)); err != nil {
		return "", nil, err
	}
	options.EntryPoints = []string{filepath.Base(entry)}
	files, err := build(options)
	if err != nil {
		return "", nil, err
	}
	for _, f := range files {
		name := "assets/" + filepath.Base(f.Path)
		if name == "assets/module.js" { // no part imports it
			asset = s.asset("related-ro.js", f.Contents)
			continue
		}
		s[name] = f.Contents
		if strings.HasPrefix(name, "assets/related-ro-chunk-") {
			shared = append(shared, name)
		}
	}
	return asset, shared, nil
}

// bundle returns an entry file with its imports. The elements' module stays an import of the given
// asset.
func bundle(entry, elements string) ([]byte, error) {
	options := options(entry)
	options.Plugins = []api.Plugin{{Name: "elements", Setup: func(build api.PluginBuild) {
		build.OnResolve(api.OnResolveOptions{Filter: "^related-ro$"}, func(api.OnResolveArgs) (api.OnResolveResult, error) {
			return api.OnResolveResult{Path: "./" + path.Base(elements), External: true}, nil
		})
	}}}
	files, err := build(options)
	if err != nil {
		return nil, err
	}
	return files[0].Contents, nil
}

// options returns the options of every build: one minified module.
func options(entry string) api.BuildOptions {
	return api.BuildOptions{
		EntryPoints: []string{entry},
		Bundle:      true,
		Format:      api.FormatESModule,
		// Browsers of 2024: the first year in which all of them support light-dark() and popovers.
		Engines: []api.Engine{
			{Name: api.EngineChrome, Version: "123"}, {Name: api.EngineFirefox, Version: "125"}, {Name: api.EngineSafari, Version: "17.5"},
		},
		MinifyWhitespace: true, MinifyIdentifiers: true, MinifySyntax: true,
		Charset: api.CharsetUTF8,
	}
}

func build(options api.BuildOptions) ([]api.OutputFile, error) {
	result := api.Build(options)
	var problems []error
	for _, m := range append(result.Errors, result.Warnings...) {
		text := m.Text
		if m.Location != nil {
			text = m.Location.File + ": " + text
		}
		problems = append(problems, errors.New(text))
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("bundle %s: %w", options.EntryPoints[0], errors.Join(problems...))
	}
	return result.OutputFiles, nil
}

// write replaces the content of dir with the compressed files.
func write(dir string, files site) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	for name, content := range files {
		packed, err := compress(content)
		if err != nil {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(name)+".gz")
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(to, packed, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func compress(content []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
