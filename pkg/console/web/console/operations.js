// For support staff: the state of retrievals, and messages that need a person.
import { h } from '../related-ro/dom.js';
import { section } from './layout.js';
import { deadLetters } from './letters.js';
import { session } from './session.js';

const QUEUES = ['export', 'close', 'refresh'];

/**
 * Metrics, then the dead letters of each queue with a redrive. If the address names a location,
 * only its dead letters.
 */
export function page(place) {
  return [
    h('h1', {}, 'Operations'),
    section('Retrievals', h('div', { id: 'figures' }, session.figures ? session.figures() : dashboard())),
    ...(session.roles.includes('support') ? QUEUES.map((queue) => deadLetters(queue, place)) : [section('Dead letters', h('p', { class: 'hint' }, 'Our support staff see the dead letters here.'))]),
  ];
}

const dashboard = () => h('p', {}, session.dashboard
  ? h('a', { href: session.dashboard, rel: 'noopener' }, 'Retrievals by outcome, latency of Karmak and queues: CloudWatch dashboard')
  : 'No dashboard is named in this deployment.');
