/** Types of the tags in React 19's JSX. */
import type { DetailedHTMLProps, HTMLAttributes } from 'react';
import type {
  AssetRelatedROsElement, ErrorEvent, OpenCaseEvent, RelatedROCellElement, RelatedROOpenWarrantyElement, RelatedROSearchElement, RelatedROSettingsElement,
  RelatedROStatusElement, RelatedROsElement,
} from 'related-ro';

interface Events {
  'onrelated-ro-open-case'?: (event: OpenCaseEvent) => void;
  'onrelated-ro-error'?: (event: ErrorEvent) => void;
  'onrelated-ro-shown'?: (event: CustomEvent<null>) => void;
}

type Tag<Element, Names extends keyof Element> =
  Omit<DetailedHTMLProps<HTMLAttributes<Element>, Element>, Names> & Partial<Pick<Element, Names>> & Events;

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'related-ros': Tag<RelatedROsElement, 'locationId' | 'caseId' | 'readonly' | 'roNumber' | 'caseNumber' | 'assetId'>;
      'related-ro-cell': Tag<RelatedROCellElement, 'locationId' | 'caseId' | 'case' | 'sought'>;
      'related-ro-status': Tag<RelatedROStatusElement, never>;
      'asset-related-ros': Tag<AssetRelatedROsElement, 'locationId' | 'assetId'>;
      'related-ro-search': Tag<RelatedROSearchElement, 'locationId'>;
      'related-ro-open-warranty': Tag<RelatedROOpenWarrantyElement, 'locationId'>;
      'related-ro-settings': Tag<RelatedROSettingsElement, 'locationId'>;
    }
  }
}
