package dynamo

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"golang.org/x/sync/errgroup"

	"related-ro/pkg/relatedro"
)

const (
	keysPerGet = 100                   // BatchGetItem's limit
	firstPause = 25 * time.Millisecond // before the first retry of unprocessed keys
	longPause  = 2 * time.Second       // the longest pause
)

// Load reads with strong consistency, 100 keys per call, with the calls in parallel. It requests
// keys that DynamoDB leaves unprocessed again until ctx ends; an unprocessed key never reads as
// absent.
func (s *Store) Load(ctx context.Context, keys relatedro.Keys) (relatedro.Loaded, error) {
	return s.load(ctx, keys, wholeNow)
}

// Peek is Load with eventually consistent reads, at half the price, of the attributes that people
// see. A case's Own, Stated, FirstEventAt and Expires are empty, and so is Past unless keys.Past is
// set. A location's UpdatedBy and UpdatedAt are empty.
func (s *Store) Peek(ctx context.Context, keys relatedro.Keys) (relatedro.Loaded, error) {
	v := shown
	if keys.Past {
		v.attributes += "," + attrPast
	}
	if keys.Activated {
		v.attributes += ",#state,fusionVersion,message"
		v.names = map[string]string{"#status": "status", "#state": "state"}
	}
	return s.load(ctx, keys, v)
}

// view is the part of an item that a read returns, and its consistency.
type view struct {
	consistent bool
	attributes string            // a projection; "" means all
	names      map[string]string // the names behind its # placeholders
}

var wholeNow = view{consistent: true}

// shown saves decoding a fifth of a case.
var shown = view{
	attributes: "PK,SK,revision,caseNumber,assetId,roNumber,caseStatus,closedBy,retrieval,fetchedOver,relatedRos,expected,omitted,links," +
		"#status,dms,karmak,former,expecting,version,checkedAt",
	names: map[string]string{"#status": "status"}, // which is a reserved word
}

func (s *Store) load(ctx context.Context, wanted relatedro.Keys, v view) (relatedro.Loaded, error) {
	loaded := relatedro.Loaded{
		Settings: make(map[string]relatedro.Settings, len(wanted.Locations)),
		Cases:    make(map[relatedro.CaseKey]relatedro.Case, len(wanted.Cases)),

		Unreadable: make(map[relatedro.CaseKey]bool),
	}
	keys := make([]key, 0, len(wanted.Locations)+len(wanted.Cases))
	for _, location := range wanted.Locations {
		keys = append(keys, settingsKey(location))
		if wanted.Checked {
			keys = append(keys, checkedKey(location))
		}
		if wanted.Activated {
			keys = append(keys, activationKey(location))
		}
		loaded.Settings[location] = relatedro.NeverSetUp(location)
	}
	for _, k := range wanted.Cases {
		keys = append(keys, caseKey(k))
	}
	checked := make(map[string]time.Time)
	activations := make(map[string]relatedro.Activation)
	err := s.get(ctx, keys, v, func(m item) error {
		switch k := keyOf(m); k.sk {
		case skChecked:
			checked[k.location()] = (&reader{item: m}).time(attrCheckedAt)
		case skActivation:
			activations[k.location()], _ = readItem(s, m, activationFields) // unknown if unreadable
		default:
			s.add(&loaded, m)
		}
		return nil
	})
	if err != nil {
		return relatedro.Loaded{}, fmt.Errorf("load %d settings and %d cases: %w", len(wanted.Locations), len(wanted.Cases), err)
	}
	for location, settings := range loaded.Settings {
		settings.CheckedAt = checked[location]
		if a := activations[location]; known(a) {
			settings.Activation = a
		}
		loaded.Settings[location] = settings
	}
	return loaded, nil
}

// add adds settings or a case to loaded. If the item cannot be read, add marks it as unreadable.
func (s *Store) add(loaded *relatedro.Loaded, m item) {
	k := keyOf(m)
	id := relatedro.CaseKey{Location: k.location()}
	if k.sk == skSettings {
		settings, err := readItem(s, m, decodeSettings)
		if err != nil {
			delete(loaded.Settings, id.Location)
			loaded.Unreadable[id] = true
			return
		}
		loaded.Settings[id.Location] = settings
		return
	}
	id.Case = caseOf(k.sk)
	c, err := readItem(s, m, decodeCase)
	if err != nil {
		loaded.Unreadable[id] = true
		return
	}
	loaded.Cases[id] = c
}

// get reads the items of keys, each once even if repeated, and passes them to take one at a time.
// It keeps none of them: 100 of the largest cases as decoded by the SDK take several times the
// memory of the values made from them.
func (s *Store) get(ctx context.Context, keys []key, v view, take func(item) error) error {
	slices.SortFunc(keys, compareKeys)
	keys = slices.Compact(keys)
	asked := make([]map[string]types.AttributeValue, len(keys))
	for i, k := range keys {
		asked[i] = k.item()
	}
	if 0 < len(asked) && len(asked) <= keysPerGet {
		// A new goroutine's stack would have to grow for the SDK.
		return s.getChunk(ctx, asked, v, take)
	}
	var mu sync.Mutex
	calls, ctx := errgroup.WithContext(ctx)
	for chunk := range slices.Chunk(asked, keysPerGet) {
		calls.Go(func() error {
			return s.getChunk(ctx, chunk, v, func(m item) error {
				mu.Lock()
				defer mu.Unlock()
				return take(m)
			})
		})
	}
	return calls.Wait()
}

// getChunk reads up to 100 keys. DynamoDB leaves keys unprocessed when throughput runs short or
// when a response would exceed 16 MB. If a response is too large to decode, getChunk reads each
// half of the keys separately.
func (s *Store) getChunk(ctx context.Context, keys []map[string]types.AttributeValue, v view, take func(item) error) error {
	asked := types.KeysAndAttributes{
		ConsistentRead: &v.consistent, ExpressionAttributeNames: v.names, Keys: keys,
	}
	if v.attributes != "" {
		asked.ProjectionExpression = &v.attributes
	}
	for pause := firstPause; ; pause = min(2*pause, longPause) {
		out, err := s.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
			RequestItems: map[string]types.KeysAndAttributes{s.table: asked}}, bound(len(asked.Keys))...)
		if errors.Is(err, errLarge) {
			half := len(asked.Keys) / 2
			if err = s.getChunk(ctx, asked.Keys[:half], v, take); err == nil {
				err = s.getChunk(ctx, asked.Keys[half:], v, take)
			}
			return err
		}
		if err != nil {
			return err
		}
		got := out.Responses[s.table]
		for _, m := range got {
			if err := take(m); err != nil {
				return err
			}
		}
		rest, more := out.UnprocessedKeys[s.table]
		if !more || len(rest.Keys) == 0 {
			return nil
		}
		if len(got) > 0 {
			pause = firstPause // progress: no need for longer pauses
		}
		asked.Keys = rest.Keys
		if err := sleep(ctx, pause/2+rand.N(pause)); err != nil {
			return fmt.Errorf("%d keys left unprocessed: %w", len(rest.Keys), err)
		}
	}
}

// sleep waits for d. If ctx ends first, it returns the context's error.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
