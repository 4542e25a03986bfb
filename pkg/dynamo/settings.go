package dynamo

import (
	"context"
	"fmt"

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
	err := s.get(ctx, []key{settingsKey(location), activationKey(location)}, wholeNow, func(m item) (err error) {
		if keyOf(m).sk == skActivation {
			activation, err = decode(m, decodeActivation)
		} else {
			settings, err = decode(m, decodeSettings)
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
	actions := []types.TransactWriteItem{
		{Put: s.putIf(attrVersion, change.Before.Version, settings)},
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

// SaveActivation writes only the activation that the DMS reported for a location's account.
func (s *Store) SaveActivation(ctx context.Context, location string, a relatedro.Activation) error {
	if err := s.put(ctx, &types.Put{TableName: &s.table, Item: activationItem(location, a)}); err != nil {
		return fmt.Errorf("save activation of %s: %w", location, err)
	}
	return nil
}

func known(a relatedro.Activation) bool {
	return a.State != "" && a.State != relatedro.ActivationUnknown
}

func encodeSettings(m item, s relatedro.Settings) {
	m.putText("status", string(s.Status))
	m.putText("dms", dmsKarmak)
	if s.SingleRO {
		m.putText("dms", dmsSingleRO)
	}
	m.putMap("karmak", encodeConnection(s.Connection))
	m.putMap("former", encodeConnection(s.Former))
	m.putFlag("expecting", s.Expecting)
	m[attrVersion] = number(s.Version)
	m.putText("updatedBy", s.UpdatedBy)
	m.putTime("updatedAt", s.UpdatedAt)
}

// decodeSettings reads a SETTINGS item. It leaves Activation unknown.
func decodeSettings(r *reader) relatedro.Settings {
	return settingsFrom(r, keyOf(r.item).location())
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
	m := activationKey(location).item()
	encodeActivation(m, a)
	return m
}

func encodeActivation(m item, a relatedro.Activation) {
	m.putText("state", string(a.State))
	m.putTime("checkedAt", a.CheckedAt)
	m.putText("fusionVersion", a.Version)
	m.putText("message", a.Message)
}

func decodeActivation(r *reader) relatedro.Activation {
	return relatedro.Activation{
		State:     relatedro.ActivationState(r.text("state")),
		CheckedAt: r.time("checkedAt"),
		Version:   r.text("fusionVersion"),
		Message:   r.text("message"),
	}
}
