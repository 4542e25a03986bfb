package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"related-ro/pkg/relatedro"
)

const (
	attrVersion   = "version"
	attrCheckedAt = "checkedAt"
)

// What attribute dms says of a location.
const (
	dmsKarmak   = "KARMAK_FUSION"
	dmsSingleRO = "SINGLE_RO"
)

// Settings returns a location's settings with Activation, both from one call;
// NeverSetUp where nothing is stored.
func (s *Store) Settings(ctx context.Context, location string) (relatedro.Settings, error) {
	settings := relatedro.NeverSetUp(location)
	activation := settings.Activation
	err := s.get(ctx, []key{settingsKey(location), activationKey(location)}, wholeNow, func(it item) (err error) {
		if keyOf(it).sk == skActivation {
			activation, err = decodeActivationItem(it)
		} else {
			settings, err = decodeSettings(it)
		}
		return err
	})
	if err != nil {
		return relatedro.Settings{}, fmt.Errorf("read settings of %s: %w", location, err)
	}
	settings.Activation = activation
	return settings, nil
}

// SaveSettings writes change.After with version change.Before.Version+1, its Activation unless that
// is unknown, and the change itself, in one transaction. It returns ErrStale if the stored version
// is not change.Before.Version.
func (s *Store) SaveSettings(ctx context.Context, change relatedro.Change) error {
	change.After.Version = change.Before.Version + 1
	location := change.After.Location
	settings := settingsKey(location).item()
	encodeSettings(settings, change.After)
	indexLocation(settings, change.After)
	put := &types.Put{TableName: &s.table, Item: settings}
	put.ConditionExpression, put.ExpressionAttributeValues = versionIs(change.Before.Version)
	actions := []types.TransactWriteItem{
		{Put: put},
		{Put: &types.Put{TableName: &s.table, Item: encodeChange(change)}},
	}
	if a := change.After.Activation; known(a) {
		actions = append(actions, types.TransactWriteItem{Put: &types.Put{TableName: &s.table, Item: activationItem(location, a)}})
	}
	if err := s.transact(ctx, actions); err != nil {
		return fmt.Errorf("save settings of %s: %w", location, stale(err))
	}
	return nil
}

func versionIs(version int64) (*string, item) {
	c := "version = :version"
	if version == 0 {
		c = "attribute_not_exists(PK)"
		return &c, nil
	}
	return &c, item{":version": number(version)}
}

// SaveActivation writes only the activation that the DMS reported for a location's account.
func (s *Store) SaveActivation(ctx context.Context, location string, a relatedro.Activation) error {
	_, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{TableName: &s.table, Item: activationItem(location, a)})
	if err != nil {
		return fmt.Errorf("save activation of %s: %w", location, err)
	}
	return nil
}

func known(a relatedro.Activation) bool {
	return a.State != "" && a.State != relatedro.ActivationUnknown
}

func encodeSettings(it item, s relatedro.Settings) {
	it.putText("status", string(s.Status))
	it.putText("dms", dmsKarmak)
	if s.SingleRO {
		it.putText("dms", dmsSingleRO)
	}
	it.putMap("karmak", encodeConnection(s.Connection))
	it.putMap("former", encodeConnection(s.Former))
	it.putFlag("expecting", s.Expecting)
	it[attrVersion] = number(s.Version)
	it.putText("updatedBy", s.UpdatedBy)
	it.putTime("updatedAt", s.UpdatedAt)
}

// decodeSettings reads a SETTINGS item. It leaves Activation unknown.
func decodeSettings(it item) (relatedro.Settings, error) {
	r := &reader{item: it}
	s := settingsFrom(r, keyOf(it).location())
	if r.err != nil {
		return relatedro.Settings{}, fmt.Errorf("settings of %s: %w", s.Location, r.err)
	}
	return s, nil
}

func settingsFrom(r *reader, location string) relatedro.Settings {
	s := relatedro.NeverSetUp(location)
	s.Status = relatedro.FeatureStatus(r.text("status"))
	s.Expecting = r.flag("expecting")
	s.Version = r.number(attrVersion)
	s.UpdatedBy = r.text("updatedBy")
	s.UpdatedAt = r.time("updatedAt")
	s.Connection = nested(r, "karmak", decodeConnection)
	s.Former = nested(r, "former", decodeConnection)
	s.SingleRO = r.text("dms") == dmsSingleRO
	return s
}

func activationItem(location string, a relatedro.Activation) item {
	it := activationKey(location).item()
	encodeActivation(it, a)
	return it
}

func encodeActivation(it item, a relatedro.Activation) {
	it.putText("state", string(a.State))
	it.putTime("checkedAt", a.CheckedAt)
	it.putText("fusionVersion", a.Version)
	it.putText("message", a.Message)
}

func decodeActivationItem(it item) (relatedro.Activation, error) {
	r := &reader{item: it}
	a := activationFrom(r)
	if r.err != nil {
		return relatedro.Activation{}, fmt.Errorf("activation of %s: %w", keyOf(it).location(), r.err)
	}
	return a, nil
}

func activationFrom(r *reader) relatedro.Activation {
	return relatedro.Activation{
		State:     relatedro.ActivationState(r.text("state")),
		CheckedAt: r.time("checkedAt"),
		Version:   r.text("fusionVersion"),
		Message:   r.text("message"),
	}
}
