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

// The values of attribute dms.
const (
	dmsKarmak   = "KARMAK_FUSION"
	dmsSingleRO = "SINGLE_RO"
)

// Settings returns a location's settings with Activation, both from one call, or NeverSetUp if
// nothing is stored. An item that cannot be read is an ErrUnreadable, not a passing failure.
func (s *Store) Settings(ctx context.Context, location string) (relatedro.Settings, error) {
	settings := relatedro.NeverSetUp(location)
	activation := settings.Activation
	err := s.get(ctx, []key{settingsKey(location), activationKey(location)}, wholeNow, func(m item) (err error) {
		if keyOf(m).sk == skActivation {
			activation, err = readItem(s, m, activationFields)
		} else {
			settings, err = readItem(s, m, decodeSettings)
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
	settings := encode(settingsKey(location).item(), change.After, settingsFields)
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

func decodeSettings(c *copier, s *relatedro.Settings) {
	*s = relatedro.NeverSetUp(keyOf(c.item).location())
	settingsFields(c, s)
}

// settingsFields lists the fields of a SETTINGS item, which has no Activation.
func settingsFields(c *copier, s *relatedro.Settings) {
	textField(c, "status", &s.Status)
	dms := dmsKarmak
	if s.SingleRO {
		dms = dmsSingleRO
	}
	textField(c, "dms", &dms)
	s.SingleRO = dms == dmsSingleRO
	mapField(c, "karmak", &s.Connection, connectionFields)
	mapField(c, "former", &s.Former, connectionFields)
	flagField(c, "expecting", &s.Expecting)
	numberField(c, attrVersion, &s.Version)
	textField(c, "updatedBy", &s.UpdatedBy)
	timeField(c, "updatedAt", &s.UpdatedAt)
}

func activationItem(location string, a relatedro.Activation) item {
	return encode(activationKey(location).item(), a, activationFields)
}

func activationFields(c *copier, a *relatedro.Activation) {
	textField(c, "state", &a.State)
	timeField(c, "checkedAt", &a.CheckedAt)
	textField(c, "fusionVersion", &a.Version)
	textField(c, "message", &a.Message)
}
